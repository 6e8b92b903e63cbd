import { join } from "@std/path";

/**
 * What Debian's CrowdSec runs with, all of it in a folder of its own and without a central API.
 *
 * @param folder has `data`, `hub`, `notifications`, `acquis.yaml`, `credentials.yaml`, `profiles.yaml` and
 * `simulation.yaml`
 * @param listens address and port of the local API
 */
export function crowdsecConfig(folder: string, listens: string): string {
  const place = (name: string): string => join(folder, name);
  return `common: { daemonize: false, log_media: stdout, log_level: info, working_dir: . }
config_paths:
  config_dir: ${folder}
  data_dir: ${place("data")}
  simulation_path: ${place("simulation.yaml")}
  hub_dir: ${place("hub")}
  index_path: ${place("hub/.index.json")}
  plugin_dir: /usr/lib/crowdsec/plugins
  notification_dir: ${place("notifications")}
crowdsec_service: { acquisition_path: ${place("acquis.yaml")}, parser_routines: 1 }
cscli: { output: human }
db_config: { log_level: error, type: sqlite, use_wal: true, db_path: ${place("data/crowdsec.db")} }
api:
  client: { credentials_path: ${place("credentials.yaml")} }
  server: { listen_uri: "${listens}", profiles_path: ${place("profiles.yaml")} }
prometheus: { enabled: false }
`;
}

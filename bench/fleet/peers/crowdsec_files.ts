import { join } from "@std/path";
import { crowdsecConfig } from "../../../tests/contrib/crowdsec_config.ts";
import { must } from "../../../tests/kernel/lab.ts";

/** Where Debian has parsers and scenarios. */
const HUB = "/usr/share/crowdsec/hub";
const DEBIAN_BOUNCER = "/etc/crowdsec/bouncers/crowdsec-custom-bouncer.yaml";

/** What is needed of Debian's parsers, as places in its hub; the whole of it takes long to start. */
const PARSERS = {
  "s00-raw": "syslog-logs",
  "s01-parse": "sshd-logs",
  "s02-enrich": "dateparse-enrich",
};
/** All that those name. */
const PATTERNS = ["linux-syslog", "nginx", "ssh"];

const SCENARIO = `type: trigger
name: bench/one-failure
description: "One login that failed"
filter: "evt.Meta.log_type == 'ssh_failed-auth'"
groupby: evt.Meta.source_ip
labels: { service: ssh, type: bruteforce, remediation: true }
`;

/**
 * Writes what a local API and an agent of it run with.
 *
 * @param listens address and port of the API
 * @param log the file that the agent reads
 */
export async function configured(
  folder: string,
  listens: string,
  log: string,
): Promise<{ config: string; credentials: string }> {
  const place = (name: string): string => join(folder, name);
  for (const name of ["data", "hub", "patterns", "scenarios", "notifications"]) {
    await Deno.mkdir(place(name), { recursive: true });
  }
  await must("cp", [`${HUB}/.index.json`, place("hub")]);
  for (const [stage, name] of Object.entries(PARSERS)) {
    const file = `${HUB}/parsers/${stage}/crowdsecurity/${name}.yaml`;
    await must("install", ["-D", "-t", place(`parsers/${stage}`), file]);
  }
  const patterns = PATTERNS.map((name) => `/etc/crowdsec/patterns/${name}`);
  await must("cp", [...patterns, place("patterns")]);
  await must("cp", ["/etc/crowdsec/profiles.yaml", folder]);
  const credentials = place("credentials.yaml");
  const config = place("config.yaml");
  const files = {
    "scenarios/one-failure.yaml": SCENARIO,
    "simulation.yaml": "simulation: false\n",
    "acquis.yaml": `filenames: ["${log}"]\nlabels: { type: syslog }\n`,
    "credentials.yaml": "",
    "config.yaml": crowdsecConfig(folder, listens),
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(place(name), text, { mode: 0o600 });
  }
  return { config, credentials };
}

/**
 * Writes what a bouncer runs with: Debian's defaults, and beside them, where it looks for an
 * administrator's own settings, where the API is and the script that it calls for each decision.
 */
export async function withBouncer(
  folder: string,
  set: string,
  api: Readonly<Record<"api_url" | "api_key", string>>,
): Promise<string> {
  const script = join(folder, "bouncer.sh");
  // usage: bouncer.sh add|del ADDRESS SECONDS REASON JSON
  const add = `[ "$1" = add ] || exec ipset -exist del ${set} "$2"\n` +
    `exec ipset -exist add ${set} "$2" timeout "$3"\n`;
  await Deno.writeTextFile(script, `#!/bin/sh\n${add}`, { mode: 0o755 });
  const config = join(folder, "bouncer.yaml");
  await Deno.copyFile(DEBIAN_BOUNCER, config);
  const settings = {
    ...api,
    bin_path: script,
    piddir: `${folder}/`,
    daemonize: "false",
    log_mode: "stdout",
    prometheus: "{ enabled: false }",
  };
  const own = Object.entries(settings).map(([name, value]) => `${name}: ${value}\n`).join("");
  await Deno.writeTextFile(`${config}.local`, own, { mode: 0o600 });
  return config;
}

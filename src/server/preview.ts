import { FAMILIES } from "../core/address.ts";
import type { ServerConfig } from "../core/server_options.ts";
import { rulesText } from "../core/firewall/iptables.ts";
import {
  applyOpening,
  createSets,
  firstEntries,
  hideSeconds,
  stageOpening,
} from "../core/firewall/ipset.ts";
import { firewallPlan } from "../core/firewall/plan.ts";
import { minuteAt } from "../core/minute.ts";
import { openingAt } from "../core/opening.ts";
import { neighboursOf, type Schedule } from "../core/schedule.ts";
import { TARPIT_PORT } from "../core/tarpit.ts";
import { listeningPorts } from "../host/procfs.ts";

/**
 * What `serve` would load, in the order it would load it, as text for the tools that load it. Looks
 * at the services of this machine, since they win over traps; needs no root and changes nothing.
 *
 * @param now unix milliseconds
 */
export async function preview(
  config: ServerConfig,
  schedule: Schedule,
  now: number,
): Promise<string> {
  const own = new Set([config.sshPort, TARPIT_PORT]);
  const taken = new Set([...await listeningPorts(), ...config.exclude]);
  const neighbours = await neighboursOf(schedule, minuteAt(now), config.traps);
  const opening = openingAt(now, neighbours, { ...config, taken, tripwires: config.tripwire, own });
  const plan = firewallPlan({ ...config, families: FAMILIES, tarpitPort: TARPIT_PORT });
  return [
    "# ipset restore\n",
    createSets(plan.sets),
    firstEntries(config.allow, FAMILIES),
    stageOpening(opening),
    applyOpening(config.sshPort, hideSeconds(config.fail)),
    ...[...plan.chains].map(([family, chains]) =>
      `# ${family === 4 ? "iptables" : "ip6tables"}-restore --noflush\n${rulesText(chains)}`
    ),
  ].join("");
}

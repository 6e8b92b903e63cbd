import { knownBans } from "../bans/ban_store.ts";
import { createFirewall } from "../firewall/engines.ts";
import type { Ban, EngineName, Firewall } from "../firewall/firewall.ts";
import { type Host, runtimeFolder, stateFolder } from "../os/host.ts";
import { ipv6Network } from "../os/ipv6_network.ts";
import { servingProcess } from "../os/lock.ts";
import { needRoot } from "../os/root.ts";
import { listeningPorts } from "../os/sockets.ts";
import { readReport, reportFile } from "./report_file.ts";
import { type Status, statusOf } from "./status.ts";

/** More bans than this are counted, not listed: a look must not take a second of its own. */
const MOST_LISTED = 4096;

const DEFAULT_SSH_PORT = 22;

/**
 * Looks at the kernel and at what `serve` reports.
 *
 * @throws {Failure} without root, or without a packet filter
 */
export async function readStatus(host: Host): Promise<Status> {
  needRoot();
  const report = await readReport(await reportFile(runtimeFolder(host)));
  await using firewall = await createFirewall(
    report?.engine as EngineName | undefined ?? "auto",
    host.clock,
  );
  const door = report?.door ?? null;
  const [pid, isLoaded, banned, bans, listeners, isDoorLocal] = await Promise.all([
    report === null ? servingProcess() : report.pid,
    firewall.isLoaded(),
    firewall.countBans(),
    listBans(firewall, host),
    listeningPorts(),
    door !== null && ipv6Network().then(({ local }) => local.includes(door)),
  ]);
  const sshPort = report?.sshPort ?? DEFAULT_SSH_PORT;
  const sshdListens = listeners.system.has(sshPort) || listeners.ordinary.has(sshPort);
  const seen = { pid, isLoaded, banned, bans, sshdListens, isDoorLocal };
  return statusOf(seen, report, host.clock.now());
}

/** From the kernel, or where that is slow from the ledger; null if there are too many to show. */
async function listBans(firewall: Firewall, host: Host): Promise<readonly Ban[] | null> {
  const bans = await firewall.bans(MOST_LISTED);
  if (bans !== null) return bans;
  const known = await knownBans(stateFolder(host), host.clock.now());
  return known.length > MOST_LISTED ? null : known;
}

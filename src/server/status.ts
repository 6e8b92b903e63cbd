import { FAMILIES, type Family } from "../core/address.ts";
import { parseEntries } from "../core/firewall/ipset.ts";
import { banSet, type SetSpec, SSH, TRAP } from "../core/firewall/sets.ts";
import type { Report } from "../core/report.ts";
import { type Ban, type Status, statusOf } from "../core/status.ts";
import type { Host } from "../host/host.ts";
import { runtimeFolder } from "../host/folders.ts";
import { saveSet, setSizes } from "../host/ipset.ts";
import { listeningPorts } from "../host/procfs.ts";
import { readReport, reportFile } from "../host/report.ts";
import { needRoot } from "../host/sets.ts";

/** More bans than this are counted, not listed: a look must not take a second of its own. */
const MOST_LISTED = 4096;

const DEFAULT_SSH_PORT = 22;

/**
 * Looks at the kernel and at what `serve` reports.
 *
 * @throws {Failure} without root, or without ipset
 */
export async function look(host: Host): Promise<Status> {
  needRoot();
  const [report, sizes] = await Promise.all([
    readReport(await reportFile(runtimeFolder(host))),
    setSizes(),
  ]);
  const banned = { 4: sizes.get(banSet(4).name) ?? 0, 6: sizes.get(banSet(6).name) ?? 0 };
  const ports = async (set: SetSpec) => sizes.has(set.name) ? await entriesOf(set) : [];
  const [ssh, traps, bans, sshdListens] = await Promise.all([
    ports(SSH),
    ports(TRAP),
    banned[4] + banned[6] > MOST_LISTED ? null : listBans(banned),
    listensAt(report),
  ]);
  const kernel = {
    ssh: ssh.map(({ element, seconds }) => ({ port: Number(element), seconds: seconds ?? 0 })),
    traps: traps.map(({ element }) => Number(element)),
    banned,
    bans,
    sshdListens,
  };
  return statusOf(kernel, report, host.clock.now());
}

async function entriesOf(set: SetSpec) {
  return parseEntries(await saveSet(set.name) ?? "", set);
}

/** The longest to go first, since most bans begin alike. */
async function listBans(banned: Readonly<Record<Family, number>>): Promise<Ban[]> {
  const lists = await Promise.all(
    FAMILIES.filter((family) => banned[family] > 0).map(async (family) =>
      (await entriesOf(banSet(family))).map(({ element, seconds }): Ban => ({
        address: family === 6 ? `${element}/64` : element,
        seconds,
      }))
    ),
  );
  return lists.flat().sort((a, b) =>
    (b.seconds ?? Infinity) - (a.seconds ?? Infinity) || (a.address < b.address ? -1 : 1)
  );
}

async function listensAt(report: Report | null): Promise<boolean> {
  return (await listeningPorts()).has(report?.sshPort ?? DEFAULT_SSH_PORT);
}

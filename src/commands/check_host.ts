import { clockFinding, keyFinding, loginFinding, reachFinding } from "../client/checkup.ts";
import { findDoor } from "../client/door.ts";
import { hostKeySearch, trapsTold } from "../cli/client_options.ts";
import type { Arguments } from "../cli/arguments.ts";
import { asArgument, C3poError, Misuse } from "../os/errors.ts";
import type { Finding } from "../os/finding.ts";
import { checkTraps, Schedule } from "../schedule/schedule.ts";
import { readSshArguments } from "../client/ssh_arguments.ts";
import type { Host } from "../os/host.ts";
import { findHostKey, trapsBy } from "../client/host_key.ts";
import { printable } from "../os/printable.ts";
import { askSsh } from "../os/ssh.ts";
import type { SshSettings } from "../os/ssh_settings.ts";

/**
 * `c3po check HOST`: from this machine to that host, step by step. What needs nothing of a step that
 * failed is looked at all the same.
 */
export async function checkHost(name: string, args: Arguments, host: Host): Promise<Finding[]> {
  if (name.startsWith("-")) throw new Misuse(`"${name}" is not a host name`);
  const told = trapsTold(args);
  const ssh = await step("ssh", () => sshStep(name));
  const settings = ssh.settings ?? null;
  const typed = readSshArguments(["--", name]).host ?? name;
  const key = await step("key", async () => {
    const resolve = (): Promise<string | null> => Promise.resolve(settings?.hostname ?? null);
    const found = await findHostKey(hostKeySearch(args, typed, resolve), host);
    const traps = trapsBy(found, told);
    const schedule = await Schedule.of(found.key);
    if (traps !== undefined) asArgument(() => checkTraps(traps, schedule.range));
    const search = { told: args.value("door"), name: typed, resolve };
    const noted = await findDoor(search, schedule, host);
    const door = settings?.isIpv4Only ? null : noted;
    return { finding: await keyFinding(found), schedule, source: found.source, traps, door };
  });
  const findings = [ssh.finding, key.finding];
  const { schedule, source, traps, door = null } = key;
  if (settings === null || schedule === undefined || source === undefined) return findings;
  const { hostname, indirect, connectTimeout: seconds } = settings;
  const target = { hostname, schedule, traps, door, clock: host.clock, seconds };
  const way = indirect ? { finding: INDIRECT } : await reachFinding(name, target, source);
  findings.push(way.finding);
  if (way.finding.grade === "fail") return [...findings, ...clockFinding(way)];
  const login = await loginFinding(name, settings, way.open, target);
  return [...findings, login.finding, ...clockFinding({ ...way, ...login })];
}

/** A step, and what it found out for those behind it. */
type Found<T> = { readonly finding: Finding } & Partial<T>;

/** Does a step; what fails there is a finding, not the end. */
async function step<T extends { finding: Finding }>(
  what: string,
  look: () => Promise<T>,
): Promise<Found<T>> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof C3poError) || error instanceof Misuse) throw error;
    const todo = error.hint === undefined ? {} : { todo: error.hint };
    return { finding: { grade: "fail", what, found: error.message, ...todo } } as Found<T>;
  }
}

async function sshStep(name: string): Promise<{ finding: Finding; settings: SshSettings | null }> {
  const { settings, stderr } = await askSsh(["--", name]);
  if (settings === null) {
    const found = printable(stderr.trim().split("\n").at(-1)!);
    return { finding: { grade: "fail", what: "ssh", found, todo: "mend ~/.ssh/config" }, settings };
  }
  const { hostname, port } = settings;
  const place = `${hostname}${port === 22 ? "" : `, port ${port} without c3po`}`;
  return {
    finding: { grade: "ok", what: "ssh", found: `resolves "${name}" to ${place}` },
    settings,
  };
}

const INDIRECT: Finding = {
  grade: "ok",
  what: "way",
  found: "through another host or program: not tried by itself",
};

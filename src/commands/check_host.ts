import { clockFinding, keyFinding, loginFinding, reachFinding } from "../client/checkup.ts";
import type { Arguments } from "../core/arguments.ts";
import { asArgument, C3poError, Misuse } from "../core/errors.ts";
import type { Finding } from "../core/finding.ts";
import { parseCount } from "../core/ports.ts";
import { checkTraps, DEFAULT_TRAPS, Schedule } from "../core/schedule.ts";
import { readSshArguments } from "../core/ssh_arguments.ts";
import type { Host } from "../host/host.ts";
import { findKey } from "../host/keyring.ts";
import { askSsh } from "../host/ssh.ts";

/** `c3po check HOST`: from this machine to that host, step by step, up to the first that fails. */
export async function checkHost(name: string, args: Arguments, host: Host): Promise<Finding[]> {
  if (name.startsWith("-")) throw new Misuse(`"${name}" is no host name`);
  const traps = asArgument(() => parseCount(args.value("traps") ?? String(DEFAULT_TRAPS)));
  const findings: Finding[] = [];
  try {
    const { settings, stderr } = await askSsh(["--", name]);
    if (settings === null) {
      return [{ grade: "fail", what: "ssh", found: stderr.trim(), todo: "mend ~/.ssh/config" }];
    }
    const { hostname, port, indirect } = settings;
    const place = `${hostname}${port === 22 ? "" : `, port ${port} without c3po`}`;
    const typed = readSshArguments(["--", name]).host ?? name;
    findings.push({ grade: "ok", what: "ssh", found: `takes "${name}" for ${place}` });

    const resolve = (): Promise<string> => Promise.resolve(hostname);
    const found = await findKey({ file: args.value("key"), name: typed, resolve }, host);
    findings.push(await keyFinding(found));
    const schedule = await Schedule.of(found.key);
    asArgument(() => checkTraps(traps, schedule.range));

    const target = { hostname, schedule, traps, clock: host.clock };
    const way = indirect ? { finding: INDIRECT } : await reachFinding(name, target);
    findings.push(way.finding);
    if (way.finding.grade === "fail") return [...findings, ...clockFinding(way)];
    const login = await loginFinding(name, settings, way.port, target);
    return [...findings, login.finding, ...clockFinding({ ...way, ...login })];
  } catch (error) {
    if (!(error instanceof C3poError) || error instanceof Misuse) throw error;
    const what = findings.length === 0 ? "ssh" : "key";
    const todo = error.hint === undefined ? {} : { todo: error.hint };
    return [...findings, { grade: "fail", what, found: error.message, ...todo }];
  }
}

const INDIRECT: Finding = {
  grade: "ok",
  what: "way",
  found: "through another host or program: not tried by itself",
};

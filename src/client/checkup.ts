import type { Finding } from "../os/finding.ts";
import { minuteAt } from "../schedule/minute.ts";
import { printable } from "../os/printable.ts";
import { skewByDate } from "./remote_clock.ts";
import { describeSkew, isNotable, type Skew, skewOf } from "./skew.ts";
import { portArguments, type SshSettings } from "../os/ssh_settings.ts";
import { greetingOf } from "../os/dial.ts";
import { knownName } from "../os/known_hosts.ts";
import { runSsh } from "../os/ssh.ts";
import { explain } from "./advice.ts";
import type { HostKey } from "./host_key.ts";
import { type Neighbour, placeIn } from "./nearby_minutes.ts";
import { factsOf } from "./key_facts.ts";
import { reach, type Target } from "./reach.ts";

/** A step of the check, and what it tells the next. */
export interface Step {
  readonly finding: Finding;
  /** What answered, if it is not the clock's. */
  readonly open?: Neighbour;
  /** How far the server's clock is ahead, as far as this step can tell. */
  readonly skew?: Skew;
}

/** The key: where it is, who may read it, what it is for, and for which host it was derived. */
export async function keyFinding(found: HostKey): Promise<Finding> {
  const { source, mode, scheme, ports, fingerprint } = await factsOf(found);
  const parts = [source, mode && `mode ${mode}`, scheme, `ports ${ports}`];
  if (found.id !== null) parts.push(`derived for host id ${found.id}`);
  if (fingerprint !== null) parts.push(`fingerprint ${fingerprint}`);
  return { grade: "ok", what: "key", found: parts.filter((part) => part !== null).join(", ") };
}

/** The way to the server's open port, without logging in. */
export async function reachFinding(
  name: string,
  target: Target,
  source: string,
): Promise<Step> {
  const what = "way";
  const reached = await reach(target);
  if (!("conn" in reached)) {
    const { message, hint } = explain(name, reached, source);
    return { finding: { grade: "fail", what, found: message, todo: hint! } };
  }
  const { open } = reached;
  const { port, address, minute } = open;
  const place = address === undefined ? `port ${port}` : `${address} port ${port}`;
  const greeting = await greetingOf(reached.conn);
  if (greeting === null) {
    const found = `${place} accepts connections but sends no banner`;
    return { finding: { grade: "fail", what, found, todo: "check sshd on the server" }, open };
  }
  const skew = skewOf(reached.at, minute);
  const isNeighbour = minute !== minuteAt(reached.at) && isNotable(skew);
  const whose = isNeighbour ? "of an adjacent minute " : "";
  const found = `${place} ${whose}answers: ${greeting}`;
  const finding: Finding = { grade: isNeighbour ? "warn" : "ok", what, found };
  return isNeighbour ? { finding, open, skew } : { finding, open };
}

/** The login, as far as it goes without asking the user for anything; it reads the clock there. */
export async function loginFinding(
  name: string,
  settings: SshSettings,
  open: Neighbour | undefined,
  { schedule, door, clock }: Target,
): Promise<Step> {
  const asked = clock.now();
  const chosen = open ?? await placeIn(schedule, door, minuteAt(asked));
  const { code, stdout, stderr } = await runSsh([
    ...QUIET.flatMap((option) => ["-o", option]),
    "-T",
    ...portArguments(settings, chosen, await knownName(settings)),
    "--",
    name,
    "date +%s",
  ]);
  const what = "login";
  if (code === 255) {
    const said = printable(stderr.trim().split("\n").at(-1)!);
    const found = said || "ssh failed without an error message";
    const grade = settings.indirect ? "fail" : "warn";
    return { finding: { grade, what, found, todo: `see for yourself: c3po ssh ${name}` } };
  }
  const finding: Finding = { grade: "ok", what, found: "works without a prompt" };
  const skew = code === 0 ? skewByDate(stdout, asked, clock.now()) : null;
  return skew === null ? { finding } : { finding, skew };
}

/** A login that asks nothing, forwards nothing, shares nothing and runs what it is told. */
const QUIET: readonly string[] = [
  "BatchMode=yes",
  "ConnectTimeout=10",
  "RemoteCommand=none",
  "ClearAllForwardings=yes",
  "ControlPath=none",
  "ControlMaster=no",
];

/** Seconds that a server's usual grace covers, and that still let a user notice. */
const GRACE_S = 15;
const DRIFT_S = 5;

/** The clocks, if anything could be learned about the other one. */
export function clockFinding({ skew }: { skew?: Skew }): Finding[] {
  if (skew === undefined) return [];
  const what = "clocks";
  const found = describeSkew(skew);
  const off = Math.max(Math.abs(skew.least), Math.abs(skew.most));
  if (off <= DRIFT_S) return [{ grade: "ok", what, found }];
  const grace = off <= GRACE_S ? "; the server's grace covers it for now" : "";
  const todo = "synchronise the wrong clock: timedatectl set-ntp true";
  return [{ grade: "warn", what, found: found + grace, todo }];
}

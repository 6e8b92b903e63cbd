import type { Finding } from "../core/finding.ts";
import { minuteAt } from "../core/minute.ts";
import { printable } from "../core/printable.ts";
import { skewByDate } from "../core/remote_clock.ts";
import { describeSkew, isNotable, type Skew, skewOf } from "../core/skew.ts";
import { portArguments, type SshSettings } from "../core/ssh_settings.ts";
import { greetingOf } from "../host/dial.ts";
import type { FoundKey } from "../host/keyring.ts";
import { runSsh } from "../host/ssh.ts";
import { explain } from "./advice.ts";
import { factsOf } from "./key_facts.ts";
import { reach, type Target } from "./reach.ts";

/** A step of the check, and what it tells the next. */
export interface Step {
  readonly finding: Finding;
  /** The port that answered, if it is not the clock's. */
  readonly port?: number;
  /** How far the server's clock is ahead, as far as this step can tell. */
  readonly skew?: Skew;
}

/** The key: where it is, who may read it, what it is for. */
export async function keyFinding(found: FoundKey): Promise<Finding> {
  const { source, mode, scheme, ports, fingerprint } = await factsOf(found);
  const parts = [source, mode && `mode ${mode}`, scheme, `ports ${ports}`];
  if (fingerprint !== null) parts.push(`fingerprint ${fingerprint}`);
  return { grade: "ok", what: "key", found: parts.filter((part) => part !== null).join(", ") };
}

/** The way to the server's open port, without logging in. */
export async function reachFinding(name: string, target: Target): Promise<Step> {
  const what = "way";
  const reached = await reach(target);
  if (!("conn" in reached)) {
    const { message, hint } = explain(name, reached);
    return { finding: { grade: "fail", what, found: message, todo: hint! } };
  }
  const { port, minute } = reached.open;
  const greeting = await greetingOf(reached.conn);
  if (greeting === null) {
    const found = `port ${port} takes the connection and says nothing`;
    return { finding: { grade: "fail", what, found, todo: "look at sshd on the server" }, port };
  }
  const skew = skewOf(reached.at, minute);
  const isNeighbour = minute !== minuteAt(reached.at) && isNotable(skew);
  const whose = isNeighbour ? "of a neighbouring minute " : "";
  const found = `port ${port} ${whose}answers: ${greeting}`;
  const finding: Finding = { grade: isNeighbour ? "warn" : "ok", what, found };
  return isNeighbour ? { finding, port, skew } : { finding, port };
}

/** The login, as far as it goes without asking the user for anything; it reads the clock there. */
export async function loginFinding(
  name: string,
  settings: SshSettings,
  port: number | undefined,
  { schedule, clock }: Target,
): Promise<Step> {
  const asked = clock.now();
  const chosen = port ?? (await schedule.ports(minuteAt(asked), 0)).ssh;
  const quiet = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-T"];
  const { code, stdout, stderr } = await runSsh([
    ...portArguments(settings, chosen),
    ...quiet,
    "--",
    name,
    "date +%s",
  ]);
  const what = "login";
  if (code === 255) {
    const said = printable(stderr.trim().split("\n").at(-1)!);
    const found = said || "ssh failed and did not say why";
    const grade = settings.indirect ? "fail" : "warn";
    return { finding: { grade, what, found, todo: `see for yourself: c3po ssh ${name}` } };
  }
  const finding: Finding = { grade: "ok", what, found: "works without a question" };
  const skew = code === 0 ? skewByDate(stdout, asked, clock.now()) : null;
  return skew === null ? { finding } : { finding, skew };
}

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
  const todo = "set the wrong one by the network: timedatectl set-ntp true";
  return [{ grade: "warn", what, found: found + grace, todo }];
}

import type { Family } from "./address.ts";
import type { Finding } from "./finding.ts";
import { LINGER } from "./opening.ts";
import { MINUTE_MS, minuteAt, minuteStart } from "./minute.ts";
import { formatMoment } from "./moment.ts";
import type { Report } from "./report.ts";
import type { TimedPort } from "./opening.ts";

/** What the kernel holds now. */
export interface KernelState {
  /** The ports that lead to sshd. */
  readonly ssh: readonly TimedPort[];
  readonly traps: readonly number[];
  /** How many are banned, by family. */
  readonly banned: Readonly<Record<Family, number>>;
  /** Who is banned, the latest first; null if there are too many to list. */
  readonly bans: readonly Ban[] | null;
  /** Whether something listens where sshd should. */
  readonly sshdListens: boolean;
}

/** Somebody who is shut out. */
export interface Ban {
  readonly address: string;
  /** Seconds left; null if it stays. */
  readonly seconds: number | null;
}

/** An SSH port that is open, and whose it is. */
export interface OpenPort extends TimedPort {
  readonly minute: number;
}

/** All that `c3po status` shows. */
export interface Status {
  /** Unix milliseconds. */
  readonly now: number;
  /** Null if no `serve` runs here. */
  readonly report: Report | null;
  /** The SSH ports, that of this minute first. */
  readonly ssh: readonly OpenPort[];
  readonly traps: readonly number[];
  readonly banned: Readonly<Record<Family, number>>;
  readonly bans: readonly Ban[] | null;
  readonly health: readonly Finding[];
}

/** The grace that a server without a report most likely has, in seconds. */
const USUAL_GRACE = 15;

/** Puts together what the kernel holds and what `serve` told. */
export function statusOf(kernel: KernelState, report: Report | null, now: number): Status {
  const minute = minuteAt(now);
  const linger = Math.max(report?.grace ?? USUAL_GRACE, LINGER);
  const ssh = kernel.ssh.map((port): OpenPort => ({
    ...port,
    minute: minuteOf(port, linger, now),
  })).sort((a, b) => Math.abs(a.minute - minute) - Math.abs(b.minute - minute));
  const { traps, banned, bans } = kernel;
  return { now, report, ssh, traps, banned, bans, health: health(kernel, report, ssh, minute) };
}

/** How many seconds are left until the ports change. */
export function secondsLeft(now: number): number {
  return Math.ceil((minuteStart(minuteAt(now) + 1) - now) / 1000);
}

/** The kernel keeps a port a known time beyond its minute, so its time tells its minute. */
function minuteOf({ seconds }: TimedPort, linger: number, now: number): number {
  return Math.round((now + (seconds - linger) * 1000) / MINUTE_MS) - 1;
}

function health(
  kernel: KernelState,
  report: Report | null,
  ssh: readonly OpenPort[],
  minute: number,
): Finding[] {
  const isOpen = ssh.some((port) => port.minute === minute);
  if (report === null) {
    return [{
      grade: "fail",
      what: "serve",
      found: kernel.traps.length > 0
        ? "is not running, and left its ports behind"
        : "is not running",
      todo: "start it: systemctl start c3po, or c3po serve",
    }];
  }
  const { clockOffset, grace, sshPort, toolErrors, lastRepair } = report;
  const findings: Finding[] = [
    report.onTime
      ? { grade: "ok", what: "ports", found: "are those of the minute" }
      : fail("ports", "are not those of the minute", "look into the log: journalctl -u c3po"),
    isOpen
      ? { grade: "ok", what: "ssh", found: "is open" }
      : fail("ssh", "is not open in this minute", "look into the log: journalctl -u c3po"),
    kernel.sshdListens
      ? { grade: "ok", what: "sshd", found: `listens on port ${sshPort}` }
      : fail("sshd", `does not listen on port ${sshPort}`, "start sshd, or see --ssh-port"),
  ];
  if (clockOffset !== null) {
    const found = `is ${Math.abs(clockOffset).toFixed(3)} s ${
      clockOffset < 0 ? "behind" : "ahead"
    }`;
    findings.push(
      Math.abs(clockOffset) < Math.max(grace, 1)
        ? { grade: "ok", what: "clock", found }
        : fail("clock", found, "have it set by NTP"),
    );
  }
  if (toolErrors > 0) {
    findings.push({ grade: "warn", what: "tools", found: `failed ${times(toolErrors)}` });
  }
  if (lastRepair !== null) {
    const found = `last at ${formatMoment(lastRepair.at)}: ${lastRepair.what}`;
    findings.push({ grade: "warn", what: "repair", found });
  }
  return findings;
}

function fail(what: string, found: string, todo: string): Finding {
  return { grade: "fail", what, found, todo };
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

/** One JSON document without line ends. Times are ISO 8601, durations seconds. */
export function statusJson({ now, report, ssh, traps, banned, bans, health }: Status): string {
  return JSON.stringify({
    time: formatMoment(now),
    serving: report !== null,
    pid: report?.pid ?? null,
    since: report === null ? null : formatMoment(report.startedAt),
    minute: minuteAt(now),
    secondsLeft: secondsLeft(now),
    range: report?.range ?? null,
    ssh,
    traps,
    banned: { ipv4: banned[4], ipv6: banned[6] },
    bans,
    hits: (report?.recent ?? []).map((each) => ({ ...each, at: formatMoment(each.at) })),
    held: report?.held ?? 0,
    changes: report?.changes ?? 0,
    lastDelaySeconds: report?.lastDelaySeconds ?? null,
    worstDelaySeconds: report?.worstDelaySeconds ?? null,
    repairs: report?.repairs ?? 0,
    toolErrors: report?.toolErrors ?? 0,
    clockOffset: report?.clockOffset ?? null,
    ok: health.every(({ grade }) => grade !== "fail"),
    health,
  });
}

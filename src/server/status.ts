import type { Ban } from "../firewall/firewall.ts";
import type { Family } from "../os/address.ts";
import type { Finding } from "../os/finding.ts";
import { minuteAt, minuteStart } from "../schedule/minute.ts";
import { type Odds, oddsOf } from "../schedule/odds.ts";
import { openAt } from "../schedule/windows.ts";
import { health } from "./health.ts";
import type { Report } from "./report.ts";

/** What the kernel and the machine tell now. */
export interface Seen {
  /** Whether rules of C3PO's are loaded. */
  readonly isLoaded: boolean;
  /** How many are banned, by family; null where counting would be slow. */
  readonly banned: Readonly<Record<Family, number>> | null;
  /** Who is banned; null if there are too many to list. */
  readonly bans: readonly Ban[] | null;
  /** Whether the network of the door is this machine's own; absent where there is none. */
  readonly isDoorLocal?: boolean;
  /** Whether something listens where sshd should. */
  readonly sshdListens: boolean;
  /** The process of the `serve` that runs here, also of one whose report cannot be read; null if there is none. */
  readonly pid: number | null;
}

/** An SSH port that is open, and whose it is. */
export interface OpenPort {
  readonly port: number;
  readonly user: string;
  readonly minute: number;
  /** Seconds until it closes. */
  readonly seconds: number;
}

/** A ban as it is shown. */
export interface ShownBan {
  readonly address: string;
  /** Seconds left; null if it stays. */
  readonly seconds: number | null;
}

/** All that `c3po status` shows. */
export interface Status {
  /** Unix milliseconds. */
  readonly now: number;
  /** The process of the `serve` that runs here; null if none does. */
  readonly pid: number | null;
  /** Null if no `serve` runs here, or it cannot write its report. */
  readonly report: Report | null;
  /** The SSH ports, that of this minute first. */
  readonly ssh: readonly OpenPort[];
  readonly traps: readonly number[];
  /** Null while nothing is open. */
  readonly odds: Odds | null;
  readonly banned: Readonly<Record<Family, number>> | null;
  readonly bans: readonly ShownBan[] | null;
  readonly health: readonly Finding[];
}

/** Puts together what is seen and what `serve` told. */
export function statusOf(seen: Seen, report: Report | null, now: number): Status {
  const minute = minuteAt(now);
  const open = openAt(report?.windows ?? [], now / 1000);
  const present = open.find((window) => window.minute === minute);
  const ssh = open.flatMap(({ minute, until, doors }) =>
    doors.filter(({ service }) => service === "ssh").map(({ port, user }): OpenPort => ({
      port,
      user,
      minute,
      seconds: Math.ceil(until - now / 1000),
    }))
  ).sort((a, b) => Math.abs(a.minute - minute) - Math.abs(b.minute - minute));
  return {
    now,
    pid: report?.pid ?? seen.pid,
    report,
    ssh,
    traps: [...new Set(open.flatMap(({ traps }) => traps))],
    odds: present === undefined ? null : oddsOf(present.doors, present.traps.length),
    banned: seen.banned,
    bans: seen.bans === null ? null : shown(seen.bans),
    health: health(seen, report, ssh, now),
  };
}

/** How many seconds are left until the ports change. */
export function secondsLeft(now: number): number {
  return Math.ceil((minuteStart(minuteAt(now) + 1) - now) / 1000);
}

/** The longest to go first, since most bans begin alike. */
function shown(bans: readonly Ban[]): ShownBan[] {
  return bans.map(({ address, seconds }) => ({ address: address.text, seconds })).sort((a, b) =>
    (b.seconds ?? Infinity) - (a.seconds ?? Infinity) || (a.address < b.address ? -1 : 1)
  );
}

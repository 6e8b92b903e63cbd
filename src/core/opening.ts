import { MINUTE_MS, minuteAt, minuteStart } from "./minute.ts";
import type { Neighbours } from "./schedule.ts";

/** A port and how long the kernel keeps it. */
export interface TimedPort {
  readonly port: number;
  /** Seconds, at least 1. */
  readonly seconds: number;
}

/** What is open at a moment. */
export interface Opening {
  readonly minute: number;
  /** Ports that lead to sshd: this minute's, and within the grace its neighbour's. */
  readonly ssh: readonly TimedPort[];
  readonly traps: readonly TimedPort[];
  /** SSH ports that stay shut because a service of this machine has them. */
  readonly blocked: readonly number[];
  /** When the kernel begins to count the seconds, unix milliseconds. */
  readonly loaded: number;
}

/** What decides over ports beside the schedule. */
export interface PortRules {
  /** Seconds for which the neighbouring minute's ports are open around a change, 0 to 60. */
  readonly grace: number;
  /** Ports that services have, or that the user wants left alone. */
  readonly taken: ReadonlySet<number>;
  /** Ports that are traps in every minute. */
  readonly tripwires: readonly number[];
  /** Where sshd and the tarpit listen: services too, but redirects lead to them, not past them. */
  readonly own: ReadonlySet<number>;
}

/**
 * How long ports outlive their time if nobody closes them, in seconds: long enough for a late
 * change to leave no gap, short enough that a killed `serve` leaves nothing open.
 */
export const LINGER = 5;

/**
 * What shall be open at a moment. A minute's SSH port never opens or closes without its traps: by
 * itself it would be known for what it is, and a grace would better the odds of a scan. Services win
 * a port over SSH, and SSH (also the neighbouring minutes') over traps.
 *
 * @param moment unix milliseconds, within `ports.current`
 * @param loaded when the kernel gets it, at that moment or a little earlier: its timeouts run from
 * then on
 */
export function openingAt(
  moment: number,
  ports: Neighbours,
  rules: PortRules,
  loaded = moment,
): Opening {
  const { previous, current, next } = ports;
  const minute = minuteAt(moment);
  const isTaken = (port: number): boolean => rules.taken.has(port) && !rules.own.has(port);
  const near = [previous, current, next].filter((each) => each !== null);
  const open = near.filter((each) => isOpen(each.minute, moment, rules.grace));
  const linger = Math.max(rules.grace, LINGER);
  const reserved = new Set([...near.map(({ ssh }) => ssh), ...rules.taken, ...rules.own]);
  const tripwires = rules.tripwires.filter((port) =>
    !near.some(({ ssh }) => ssh === port) && !isTaken(port)
  );
  const traps = new Map<number, number>();
  let end = 0;
  for (const each of open) { // in the order of time: a port of two minutes goes with the later
    end = secondsUntil(minuteStart(each.minute + 1) + linger * 1000, loaded);
    for (const port of each.traps) if (!reserved.has(port)) traps.set(port, end);
  }
  for (const port of tripwires) traps.set(port, end);
  return {
    minute,
    ssh: open.filter(({ ssh }) => !isTaken(ssh)).map((each) => ({
      port: each.ssh,
      seconds: secondsUntil(minuteStart(each.minute + 1) + linger * 1000, loaded),
    })),
    traps: [...traps].map(([port, seconds]) => ({ port, seconds })),
    blocked: open.map(({ ssh }) => ssh).filter(isTaken),
    loaded,
  };
}

/**
 * Whether what is open is what shall be, ports and the times they have left. With a grace it mostly is
 * as a minute begins: its ports were opened before, and those of the minute before stay for a while.
 */
export function isOpenAlready(open: Opening, wanted: Opening): boolean {
  return isAlike(open.ssh, wanted.ssh) && isAlike(open.traps, wanted.traps);

  function isAlike(some: readonly TimedPort[], others: readonly TimedPort[]): boolean {
    const ends = new Map(some.map(({ port, seconds }) => [port, open.loaded + seconds * 1000]));
    return some.length === others.length && others.every(({ port, seconds }) => {
      // Both are whole seconds, rounded up.
      const earlier = wanted.loaded + seconds * 1000 - (ends.get(port) ?? -Infinity);
      return Math.abs(earlier) <= 1000;
    });
  }
}

/**
 * The next moment after which {@linkcode openingAt} opens something new or must close something
 * sooner than the kernel would by itself.
 *
 * @param now unix milliseconds
 * @param grace seconds, 0 to 60
 */
export function nextChange(now: number, grace: number): number {
  const start = minuteStart(minuteAt(now));
  const changes = [start + MINUTE_MS];
  if (grace > 0) changes.push(start + MINUTE_MS - grace * 1000);
  if (grace > 0 && grace < LINGER) changes.push(start + grace * 1000);
  return Math.min(...changes.filter((at) => at > now));
}

function isOpen(minute: number, now: number, grace: number): boolean {
  return now >= minuteStart(minute) - grace * 1000 &&
    now < minuteStart(minute + 1) + grace * 1000;
}

function secondsUntil(end: number, now: number): number {
  return Math.max(1, Math.ceil((end - now) / 1000));
}

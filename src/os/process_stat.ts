import type { Session } from "./socket_tables.ts";

/** Ticks a second in every time that the kernel tells programs. */
export const TICKS = 100;

/** A process, as its line in `/proc/PID/stat` tells. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** When it began, in ticks since the machine did. */
  readonly began: number;
}

/**
 * Reads lines of `/proc/PID/stat`: `PID (NAME) STATE PARENT …`, where the name may hold anything.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const line = "7 (a) b) S 1 7 7 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 4711 0";
 * assertEquals(parseStat(line), { pid: 7, parent: 1, began: 4711 });
 * ```
 */
export function parseStat(line: string): ProcessStat | null {
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const [pid, parent, began] = [parseInt(line), Number(fields[1]), Number(fields[19])];
  return [pid, parent, began].every(Number.isInteger) ? { pid, parent, began } : null;
}

/** A new connection, and the two looks between which it arrived, in ticks. */
export interface Arrival {
  readonly session: Session;
  readonly after: number;
  readonly before: number;
}

/** Tells the connections that came since the first look, and when each did. */
export class Arrivals {
  readonly #old: ReadonlySet<string>;
  #last: number;
  #known: ReadonlyMap<string, Arrival> = new Map();

  /**
   * @param sessions those that were there at the first look
   * @param now when that was, in ticks; rather a little too early
   */
  constructor(sessions: readonly Session[], now: number) {
    this.#old = new Set(sessions.map(({ id }) => id));
    this.#last = now;
  }

  /** Takes one more look; tells those that are there and were not at the first. */
  look(sessions: readonly Session[], now: number): Arrival[] {
    const [after, before] = [this.#last, now];
    const here = sessions.filter(({ id }) => !this.#old.has(id))
      .map((session) => this.#known.get(session.id) ?? { session, after, before });
    this.#known = new Map(here.map((arrival) => [arrival.session.id, arrival]));
    this.#last = now;
    return here;
  }
}

/** How much later than its connection a process of sshd may begin, in ticks: a busy machine. */
const LAG = 5 * TICKS;

/**
 * Whether a process may be the one that sshd made for a connection: each gets one of its own as soon
 * as it is accepted.
 */
export function beganWith({ after, before }: Arrival): (process: ProcessStat) => boolean {
  return ({ began }) => began >= after && began <= before + LAG;
}

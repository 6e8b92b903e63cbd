import { minuteAt } from "../schedule/minute.ts";
import {
  doorNeighbours,
  type Neighbour,
  placeIn,
  safeNeighbours,
  TRIES_MS,
} from "./nearby_minutes.ts";
import type { Schedule } from "../schedule/schedule.ts";
import type { Clock } from "../os/clock.ts";
import { type Connection, dial, isOpen, type Refusal } from "../os/dial.ts";
import { after, within } from "../os/timer.ts";

/** Where to go, and by what. */
export interface Target {
  /** A name or address that can be connected to. */
  readonly hostname: string;
  readonly schedule: Schedule;
  /** Number of traps on the server; undefined if unknown, and then no adjacent minute is tried. */
  readonly traps: number | undefined;
  /** The network in which the host's address moves, and where it is connected to then; null if it has none. */
  readonly door: string | null;
  readonly clock: Clock;
  /** Seconds for all tries together, if the user has set a limit. */
  readonly seconds?: number | null;
}

/** A port that answered. */
export interface Reached {
  readonly conn: Connection;
  /** The minute whose SSH port it is, and the port. */
  readonly open: Neighbour;
  /** The moment the search began, by our clock, in unix milliseconds. */
  readonly at: number;
}

/** No port answered. */
export interface Unreached {
  /** What became of the port of the clock's own minute. */
  readonly own: Refusal;
  /** What became of the neighbouring minutes'; empty if they were not tried. */
  readonly others: readonly Refusal[];
  /** Whether they were left out because any of them may be a trap. */
  readonly held: boolean;
  /** As in {@linkcode Target}. */
  readonly door: string | null;
}

/** Milliseconds after which a silent port lets the next one have a try beside it: time for lost packets. */
const PATIENCE_MS = { own: 3_000, other: 1_000 };

/**
 * Connects to the SSH port of the clock's minute and, if that does not answer, to the neighbouring
 * minutes' as far as that is safe. The first that answers wins.
 */
export async function reach(target: Target): Promise<Reached | Unreached> {
  const { hostname, schedule, door, clock, seconds } = target;
  const at = clock.now();
  const own = await placeIn(schedule, door, minuteAt(at));
  const over = new AbortController();
  const won: Reached[] = [];
  const attempt = async (open: Neighbour): Promise<Refusal> => {
    const answer = await dial(open.address ?? hostname, open.port, over.signal);
    if (!isOpen(answer)) return answer;
    if (won.length > 0) answer.close();
    else won.push({ conn: answer, open, at });
    over.abort();
    return "silent"; // unread, for there is a winner
  };
  const callOff = after(Math.min(TRIES_MS, (seconds ?? Infinity) * 1000), () => over.abort());
  try {
    const first = attempt(own);
    const others: Promise<Refusal>[] = [];
    if (!isHopeless(await within(first, PATIENCE_MS.own))) {
      const neighbours = door === null
        ? await safeNeighbours(schedule, at, target.traps)
        : await doorNeighbours(schedule, door, at);
      for (const neighbour of neighbours) {
        if (over.signal.aborted) break;
        const next = attempt(neighbour);
        others.push(next);
        await within(next, PATIENCE_MS.other);
      }
    }
    const held = door === null && target.traps === undefined && others.length === 0 &&
      !isHopeless(await first);
    const unreached = { own: await first, others: await Promise.all(others), held, door };
    return won[0] ?? unreached;
  } finally {
    callOff();
    over.abort();
  }
}

/** Whether another port of the same host could not fare better. */
function isHopeless(answer: Refusal | void): boolean {
  return answer === "no network" || answer === "unknown host";
}

import { minuteAt } from "../core/minute.ts";
import { type Neighbour, safeNeighbours } from "../core/neighbours.ts";
import type { Schedule } from "../core/schedule.ts";
import type { Clock } from "../host/clock.ts";
import { type Connection, dial, isOpen, type Refusal } from "../host/dial.ts";
import { after, within } from "../host/timer.ts";

/** Where to go, and by what. */
export interface Target {
  /** A name or address that can be connected to. */
  readonly hostname: string;
  readonly schedule: Schedule;
  /** How many traps the server has. */
  readonly traps: number;
  readonly clock: Clock;
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
}

/** Milliseconds after which a silent port lets the next one have a try beside it. */
const PATIENCE_MS = { own: 3_000, other: 1_000 };
/** Milliseconds for all tries together: time for several lost packets. */
const DEADLINE_MS = 20_000;

/**
 * Connects to the SSH port of the clock's minute and, if that does not answer, to the neighbouring
 * minutes' as far as that is safe. The first that answers wins.
 */
export async function reach(target: Target): Promise<Reached | Unreached> {
  const { hostname, schedule, clock } = target;
  const at = clock.now();
  const minute = minuteAt(at);
  const own: Neighbour = { minute, port: (await schedule.ports(minute, 0)).ssh };
  const over = new AbortController();
  const won: Reached[] = [];
  const attempt = async (open: Neighbour): Promise<Refusal> => {
    const answer = await dial(hostname, open.port, over.signal);
    if (!isOpen(answer)) return answer;
    if (won.length > 0) answer.close();
    else won.push({ conn: answer, open, at });
    over.abort();
    return "silent"; // unread, for there is a winner
  };
  const callOff = after(DEADLINE_MS, () => over.abort());
  try {
    const first = attempt(own);
    const others: Promise<Refusal>[] = [];
    if (!isHopeless(await within(first, PATIENCE_MS.own))) {
      for (const neighbour of await safeNeighbours(schedule, at, target.traps)) {
        if (over.signal.aborted) break;
        const next = attempt(neighbour);
        others.push(next);
        await within(next, PATIENCE_MS.other);
      }
    }
    const unreached = { own: await first, others: await Promise.all(others) };
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

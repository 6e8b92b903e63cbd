import { MINUTE_MS, minuteAt, minuteStart } from "../schedule/minute.ts";
import { doorPlace } from "../schedule/door_address.ts";
import type { MinutePorts, Schedule } from "../schedule/schedule.ts";

/** An SSH port of a minute, of another than the clock's unless said. */
export interface Neighbour {
  readonly minute: number;
  readonly port: number;
  /** The address that has it in the network of a door; absent where the host has the same in each minute. */
  readonly address?: string;
}

/** How many minutes to each side are worth a try: a clock that is off by more is a fault to mend. */
export const REACH = 2;

/** Milliseconds that all tries together may take. */
export const TRIES_MS = 20_000;
/** A server whose clock is off by no more milliseconds than this never bans us for a try. */
const SAFE_MS = (REACH + 1) * MINUTE_MS;

/**
 * Where the SSH port of a minute is.
 *
 * @param door the network in which the address moves, if it does; the schedule has addresses then
 */
export async function placeIn(
  schedule: Schedule,
  door: string | null,
  minute: number,
): Promise<Neighbour> {
  const place = door === null ? null : await doorPlace(schedule, door, minute);
  if (place !== null) return { minute, ...place };
  return { minute, port: (await schedule.ports(minute, 0)).ssh };
}

/**
 * The places of the minutes around a moment in the network of a door, the likeliest first. There are no
 * traps in it, so all of them may be tried.
 *
 * @param now unix milliseconds by our clock
 */
export async function doorNeighbours(
  schedule: Schedule,
  door: string,
  now: number,
): Promise<Neighbour[]> {
  const current = minuteAt(now);
  const minutes = Array.from({ length: 2 * REACH + 1 }, (_, i) => current - REACH + i)
    .filter((minute) => minute >= 0 && minute !== current)
    .sort((a, b) => distance(a, now) - distance(b, now));
  return await Promise.all(minutes.map((minute) => placeIn(schedule, door, minute)));
}

/**
 * The SSH ports of the minutes around a moment that may be tried without danger when the clock's own
 * port does not answer, the likeliest first. A port that is a trap in any minute the server may be in is
 * left out: to try it could ban us. (The server springs no trap on the SSH ports beside its own
 * minute, but how far its clock is off is just what we do not know.)
 *
 * @param now unix milliseconds by our clock
 * @param traps number of traps on the server; if unknown, it may be half the range, and no port is safe:
 * nine minutes of such a server have all but one in five hundred among their traps
 */
export async function safeNeighbours(
  schedule: Schedule,
  now: number,
  traps: number | undefined,
): Promise<Neighbour[]> {
  if (traps === undefined) return [];
  const current = minuteAt(now);
  // Each minute the server may be in until the last try, and those beside it, which a grace opens.
  const first = Math.max(0, minuteAt(now - SAFE_MS) - 1);
  const last = minuteAt(now + SAFE_MS + TRIES_MS) + 1;
  const around: MinutePorts[] = await Promise.all(
    Array.from({ length: last - first + 1 }, (_, i) => schedule.ports(first + i, traps)),
  );
  const dangerous = new Set(around.flatMap((minute) => minute.traps));
  const tried = new Set(around.filter(({ minute }) => minute === current).map(({ ssh }) => ssh));
  return around
    .filter(({ minute }) => minute !== current && Math.abs(minute - current) <= REACH)
    .sort((a, b) => distance(a.minute, now) - distance(b.minute, now))
    .filter(({ ssh }) => !dangerous.has(ssh) && !tried.has(ssh) && tried.add(ssh))
    .map(({ minute, ssh }) => ({ minute, port: ssh }));
}

/** Milliseconds between the middle of a minute and a moment. */
function distance(minute: number, now: number): number {
  return Math.abs(minuteStart(minute) + MINUTE_MS / 2 - now);
}

import { MINUTE_MS, minuteAt, minuteStart } from "./minute.ts";
import type { MinutePorts, Schedule } from "./schedule.ts";

/** An SSH port of another minute than the clock's. */
export interface Neighbour {
  readonly minute: number;
  readonly port: number;
}

/** How many minutes to each side are worth a try: a clock that is off by more is a fault to mend. */
export const REACH = 2;

/**
 * The SSH ports of the minutes around a moment that may be tried without danger when the clock's own
 * port does not answer, the likeliest first. A port that is a trap in any minute the server may be in is
 * left out: to try it could ban us. (The server springs no trap on the SSH ports beside its own
 * minute, but how far its clock is off is just what we do not know.)
 *
 * @param now unix milliseconds by our clock
 * @param traps as many as the server sets; asking with too few is what is dangerous
 */
export async function safeNeighbours(
  schedule: Schedule,
  now: number,
  traps: number,
): Promise<Neighbour[]> {
  const current = minuteAt(now);
  // One minute more than we try: a server just beyond our reach must not ban us either.
  const minutes = Array.from({ length: 2 * REACH + 3 }, (_, i) => current - REACH - 1 + i);
  const around: MinutePorts[] = await Promise.all(
    minutes.filter((minute) => minute >= 0).map((minute) => schedule.ports(minute, traps)),
  );
  const dangerous = new Set(around.flatMap((minute) => minute.traps));
  const tried = new Set(around.filter(({ minute }) => minute === current).map(({ ssh }) => ssh));
  const distance = (minute: number): number => Math.abs(minuteStart(minute) + MINUTE_MS / 2 - now);
  return around
    .filter(({ minute }) => minute !== current && Math.abs(minute - current) <= REACH)
    .sort((a, b) => distance(a.minute) - distance(b.minute))
    .filter(({ ssh }) => !dangerous.has(ssh) && !tried.has(ssh) && tried.add(ssh))
    .map(({ minute, ssh }) => ({ minute, port: ssh }));
}

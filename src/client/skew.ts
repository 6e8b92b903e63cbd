import { minuteAt, minuteStart } from "../schedule/minute.ts";

/** How far another clock is ahead of ours, in whole seconds; negative where it is behind. */
export interface Skew {
  readonly least: number;
  readonly most: number;
}

/** The grace of a server that says nothing else, in milliseconds. */
const USUAL_GRACE_MS = 15_000;

/** Closer than this a difference is one of the moment: a change of minute lay between two looks. */
const NOTABLE_S = 2;

/**
 * What it says about the server's clock that the SSH port of one minute is open and that of our own
 * minute is not. A server keeps a port open for its minute, and for the grace before and behind it.
 *
 * @param now unix milliseconds by our clock
 * @param open the minute whose port is open
 */
export function skewOf(now: number, open: number): Skew {
  const own = minuteAt(now);
  const from = minuteStart(open) - USUAL_GRACE_MS;
  const to = minuteStart(open + 1) + USUAL_GRACE_MS;
  // Our minute's port is shut, so it is not our minute there, whatever the grace.
  const earliest = open > own ? Math.max(from, minuteStart(own + 1)) : from;
  const latest = open < own ? Math.min(to, minuteStart(own)) : to;
  return { least: Math.ceil((earliest - now) / 1000), most: Math.floor((latest - now) / 1000) };
}

/** Whether a difference is more than the moment between two looks. */
export function isNotable({ least, most }: Skew): boolean {
  return least > NOTABLE_S || most < -NOTABLE_S;
}

/** A difference of clocks in words, about the other machine's clock. */
export function describeSkew({ least, most }: Skew): string {
  if (least === most) {
    if (least === 0) return "the server's clock agrees with this one";
    return `the server's clock is ${Math.abs(least)} s ${
      least > 0 ? "ahead of" : "behind"
    } this one`;
  }
  return most > 0 && least >= 0
    ? `the server's clock is ${least} to ${most} s ahead of this one`
    : `the server's clock is ${-most} to ${-least} s behind this one`;
}

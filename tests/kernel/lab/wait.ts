import { delay } from "@std/async/delay";

const MINUTE_MS = 60_000;

/** How long to wait, in milliseconds, for what ought to come at once: a busy machine takes its time. */
export const PATIENCE_MS = 300_000;

export interface WaitOptions {
  /** Milliseconds after which waiting is an error. */
  deadlineMs?: number;
  /** What is waited for, as it reads after "no". */
  what: string;
  /** Milliseconds between two looks; more and more of them unless given. */
  everyMs?: number;
}

/**
 * The first rest between two looks and the longest, in milliseconds. What takes long is looked at less and
 * less often: a look may start programs, which take the processor from what is waited for.
 */
const FIRST_REST_MS = 20, LONGEST_REST_MS = 200;

/**
 * Polls `condition` until it gives something truthy, and returns that. A throw counts as "not yet";
 * the last one becomes the cause of the error.
 *
 * @throws Error when `deadlineMs` passes first.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { deadlineMs = PATIENCE_MS, what, everyMs }: WaitOptions,
): Promise<NonNullable<T>> {
  const end = performance.now() + deadlineMs;
  let restMs = everyMs ?? FIRST_REST_MS;
  let cause: unknown;
  do {
    try {
      const value = await condition();
      if (value) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await delay(restMs);
    if (everyMs === undefined) restMs = Math.min(restMs * 1.2, LONGEST_REST_MS);
  } while (performance.now() < end);
  throw new Error(`no ${what} within ${deadlineMs} ms`, { cause });
}

/**
 * Waits until the clock stands `offsetMs` after the next UTC minute boundary (before it, when
 * negative) and returns the number of the minute that begins at that boundary.
 */
export async function untilMinute(offsetMs: number): Promise<number> {
  const minute = minuteToCome(Date.now(), offsetMs);
  await until(minute * MINUTE_MS + offsetMs);
  return minute;
}

/** The first minute whose beginning, plus `offsetMs`, is later than `nowMs`. */
export function minuteToCome(nowMs: number, offsetMs: number): number {
  return Math.floor((nowMs - offsetMs) / MINUTE_MS) + 1;
}

/**
 * Returns the current minute's number once at least `ms` of it are left: at once, or at the start of
 * the next. For tests that must not be cut in two by a change of minute.
 */
export async function roomInMinute(ms: number): Promise<number> {
  const minute = Math.floor(Date.now() / MINUTE_MS);
  if ((minute + 1) * MINUTE_MS - Date.now() >= ms) return minute;
  return await untilMinute(0);
}

/**
 * Does something within one minute: again, if a slow machine did not come to its end before the change.
 *
 * @param ms how long it takes as a rule, in milliseconds
 */
export async function withinMinute<T>(ms: number, body: () => Promise<T>): Promise<T> {
  for (;;) {
    const minute = await roomInMinute(ms);
    const result = await body();
    if (Date.now() < (minute + 1) * MINUTE_MS) return result;
  }
}

/** Waits for a moment of the clock. A timer may fire a little early by it, so the clock itself decides. */
export async function until(unixMs: number): Promise<void> {
  for (let left; (left = unixMs - Date.now()) > 0;) await delay(left);
}

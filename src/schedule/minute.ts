/** Length of a minute of the schedule in milliseconds. */
export const MINUTE_MS = 60_000;

/** The last minute whose end is still a time that ECMAScript can name (year 275760). */
export const LAST_MINUTE = 8.64e15 / MINUTE_MS - 1;

/**
 * The UTC minute that contains a moment. Leap seconds do not appear in unix time, so every minute
 * has sixty seconds here.
 *
 * @param unixMs milliseconds since 1970-01-01T00:00:00Z, not negative
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(minuteAt(Date.UTC(2026, 10, 22, 8, 0, 59)), 29_922_240);
 * ```
 */
export function minuteAt(unixMs: number): number {
  return Math.floor(unixMs / MINUTE_MS);
}

/**
 * The first moment of a minute, in unix milliseconds.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(minuteStart(29_922_240), Date.UTC(2026, 10, 22, 8));
 * ```
 */
export function minuteStart(minute: number): number {
  return minute * MINUTE_MS;
}

import { Malformed } from "../os/errors.ts";
import { LAST_MINUTE, minuteStart } from "./minute.ts";

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/**
 * Reads a moment: unix seconds, or a date and time of ISO 8601 with its zone. A time without a zone
 * is refused, since it would mean another minute on another machine.
 *
 * @returns unix milliseconds
 * @throws {Malformed} for anything else, and for moments before 1970
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseMoment("2026-11-22T13:00+01:00"), 1_795_348_800_000);
 * assertEquals(parseMoment("1795348800.5"), 1_795_348_800_500);
 * ```
 */
export function parseMoment(text: string): number {
  const ms = /^\d{1,13}(\.\d{1,9})?$/.test(text)
    ? Math.floor(Number(text) * 1000)
    : ISO.test(text)
    ? Date.parse(text)
    : NaN;
  if (ms >= 0 && ms <= minuteStart(LAST_MINUTE)) return ms;
  throw new Malformed(`cannot read time "${text}"`, {
    hint: "write unix seconds or ISO 8601 with a zone, as in 2026-11-22T12:00:00Z",
  });
}

/**
 * A moment as ISO 8601 in UTC, whole seconds: `2026-11-22T12:00:00Z`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatMoment(1_795_348_800_999), "2026-11-22T12:00:00Z");
 * ```
 */
export function formatMoment(unixMs: number): string {
  return new Date(unixMs).toISOString().replace(/\.\d+Z$/, "Z");
}

/**
 * Whole seconds from one moment to a later one, both in unix milliseconds; none where a clock was set back.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([secondsSince(0, 1_600), secondsSince(1_000, 0)], [2, 0]);
 * ```
 */
export function secondsSince(moment: number, now: number): number {
  return Math.max(0, Math.round((now - moment) / 1000));
}

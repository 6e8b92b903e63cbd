import { Malformed } from "./errors.ts";

const UNITS: ReadonlyMap<string, number> = new Map([
  ["w", 604_800],
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
]);

/** Ten years: longer than any duration C3PO is asked for, and within what the kernel's sets hold. */
const LONGEST = 315_360_000;

/**
 * Reads a duration such as `90s`, `15m`, `1h30m` or `7d`: whole numbers with units that get
 * smaller. A bare `0` is zero.
 *
 * @param text what the user wrote
 * @returns whole seconds
 * @throws {Malformed} if the text is no such duration, or longer than ten years
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(parseDuration("1h30m"), 5400);
 * assertThrows(() => parseDuration("90"), Error, "cannot read duration \"90\"");
 * ```
 */
export function parseDuration(text: string): number {
  if (text === "0") return 0;
  if (!/^(\d{1,9}w)?(\d{1,9}d)?(\d{1,9}h)?(\d{1,9}m)?(\d{1,9}s)?$/.test(text) || text === "") {
    throw new Malformed(`cannot read duration "${text}"`, {
      hint: "write it as in 90s, 15m, 1h30m or 7d",
    });
  }
  let seconds = 0;
  for (const [, digits, unit] of text.matchAll(/(\d+)([wdhms])/g)) {
    seconds += Number(digits) * UNITS.get(unit!)!;
  }
  if (seconds > LONGEST) {
    throw new Malformed(`duration "${text}" is too long`, { hint: "ten years (3650d) at most" });
  }
  return seconds;
}

/**
 * Writes a duration the way {@linkcode parseDuration} reads it, with the units that are not zero.
 *
 * @param seconds not negative; fractions are dropped
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatDuration(5400.9), "1h30m");
 * ```
 */
export function formatDuration(seconds: number): string {
  let rest = Math.floor(seconds);
  let text = "";
  for (const [unit, size] of UNITS) {
    if (unit === "w") continue; // people count bans in days
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text === "" ? "0s" : text;
}

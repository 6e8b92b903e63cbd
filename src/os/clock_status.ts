/** What is known of how well this machine's clock is set. */
export interface ClockSync {
  /** Whether it follows UTC; null if unknown. */
  readonly synchronised: boolean | null;
  /** Seconds the clock is ahead of UTC, as far as known. */
  readonly offset: number | null;
  /** Who says so. */
  readonly source: string | null;
}

/** No time service on this machine can tell. */
export const UNKNOWN_SYNC: ClockSync = { synchronised: null, offset: null, source: null };

/** Reads `chronyc -c tracking`: values with commas between, the 5th the offset, the last the state. */
export function readChrony(text: string): ClockSync | null {
  const values = text.trim().split(",");
  if (values.length < 14) return null;
  // Chrony says how much must be added to the clock; ahead is the other sign.
  const offset = -Number(values[4]);
  const synchronised = values.at(-1) !== "Not synchronised";
  return { synchronised, offset: Number.isFinite(offset) ? offset : null, source: "chronyc" };
}

/** Reads `ntpq -c rv`: `offset` in milliseconds of what must be added, `leap_alarm` if it is not set. */
export function readNtpq(text: string): ClockSync | null {
  const [, offset] = /\boffset=([+-]?[\d.]+)/.exec(text) ?? [];
  if (offset === undefined) return null;
  const synchronised = !/leap_alarm|sync_unspec/.test(text);
  return { synchronised, offset: -Number(offset) / 1000, source: "ntpq" };
}

/** Reads `timedatectl show --property=NTPSynchronized --value`, which knows of no offset. */
export function readTimedatectl(text: string): ClockSync | null {
  const word = text.trim();
  if (word !== "yes" && word !== "no") return null;
  return { synchronised: word === "yes", offset: null, source: "timedatectl" };
}

/**
 * An offset for people: `0.004 s ahead of UTC`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(readableOffset(-0.0042), "0.004 s behind UTC");
 * ```
 */
export function readableOffset(seconds: number): string {
  return `${Math.abs(seconds).toFixed(3)} s ${seconds < 0 ? "behind" : "ahead of"} UTC`;
}

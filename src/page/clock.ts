/// <reference lib="dom" />

/** Clocks may differ by so much, in milliseconds, before it is worth a word. */
const TOLERANCE_MS = 5_000;

/** What is known of this device's clock. */
export interface ClockDoubt {
  /** By how much it is behind, in milliseconds; negative if it is ahead. */
  readonly behindMs: number;
  /** What tells so. */
  readonly by: "page" | "server";
}

/**
 * Looks whether this device's clock is wrong, without asking anybody.
 *
 * @param made when the page was made, in unix milliseconds: no right clock is before that
 * @returns null if nothing speaks against it
 */
export function doubtClock(made: number): ClockDoubt | null {
  const server = serverBehind();
  if (server !== null && Math.abs(server) > TOLERANCE_MS) return { behindMs: server, by: "server" };
  const behindMs = made - Date.now();
  return behindMs > TOLERANCE_MS ? { behindMs, by: "page" } : null;
}

/**
 * By how much the clock is behind that of the server the page came from, which may send its own with
 * the page, in unix seconds: `Server-Timing: now;dur=1795334400.123`. A script cannot see the header
 * `Date` of its own page, and asking again would be a request.
 *
 * @returns milliseconds, or null where no server said so now
 */
function serverBehind(): number | null {
  const [page] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  const now = page?.serverTiming?.find(({ name }) => name === "now");
  // What comes out of a cache was said at another time.
  if (page === undefined || now === undefined || page.transferSize === 0) return null;
  const sinceThen = performance.now() - page.responseStart;
  return now.duration > 0 ? now.duration * 1000 + sinceThen - Date.now() : null;
}

/** A span in words: `42 s`, `3 min`, `2 h`, `410 days`. */
export function spanText(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800
    ? `${Math.round(seconds / 3_600)} h`
    : `${Math.round(seconds / 86_400)} days`;
}

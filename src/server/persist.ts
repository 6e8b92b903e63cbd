import { getLogger } from "@logtape/logtape";
import { C3poError } from "../core/errors.ts";
import type { Clock } from "../host/clock.ts";

/** How stubbornly something is tried. */
export interface Persistence {
  /** What is tried, for the log; null if a failure is nothing to report. */
  readonly what: string | null;
  readonly tries: number;
  /** Milliseconds between two tries. */
  readonly pauseMs: number;
  /** Which failures may pass by themselves; every one unless given. */
  readonly passing?: (error: C3poError) => boolean;
}

const log = getLogger(["c3po", "serve"]);

/**
 * Tries again what a tool failed to do, and reports each failure.
 *
 * @throws what the last try threw
 */
export async function persist<T>(
  action: () => Promise<T>,
  { what, tries, pauseMs, passing = () => true }: Persistence,
  clock: Clock,
): Promise<T> {
  for (let left = tries - 1;; left--) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof C3poError) || left === 0 || !passing(error)) throw error;
      if (what !== null) log.warn(`cannot ${what} yet, trying again`, { error: error.message });
      await clock.sleep(pauseMs);
    }
  }
}

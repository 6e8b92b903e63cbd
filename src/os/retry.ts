import type { Clock } from "./clock.ts";
import { C3poError } from "./errors.ts";
import { eventLog } from "./event_log.ts";

/** How often something is tried, and how. */
export interface RetryOptions {
  /** What is tried, for the log; null if a failure is nothing to report. */
  readonly what: string | null;
  readonly tries: number;
  /** Milliseconds between two tries. */
  readonly pauseMs: number;
  /** Which failures may pass by themselves; every one unless given. */
  readonly passing?: (error: C3poError) => boolean;
}

const log = eventLog("serve");

/**
 * Tries again what a tool failed to do, and reports each failure.
 *
 * @throws what the last try threw
 */
export async function retry<T>(
  action: () => Promise<T>,
  { what, tries, pauseMs, passing = () => true }: RetryOptions,
  clock: Clock,
): Promise<T> {
  for (let left = tries - 1;; left--) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof C3poError) || left === 0 || !passing(error)) throw error;
      if (what !== null) {
        log.warn("retry", `cannot ${what} yet, will retry`, { error: error.message });
      }
      await clock.sleep(pauseMs);
    }
  }
}

import { after } from "./timer.ts";

/** The time of day, injected so that a test can set it. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /**
   * Resolves after a number of milliseconds, or at once when the signal is aborted. A caller that wants the result
   * of waiting, not just the end of it, looks at the clock or the signal afterwards.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = (): void => {
        callOff();
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const callOff = after(ms, done);
      signal?.addEventListener("abort", done);
    }),
};

/** A clock that runs beside another one, ahead of it by some milliseconds. */
export function shiftedClock(clock: Clock, ahead: number): Clock {
  return { now: () => clock.now() + ahead, sleep: clock.sleep };
}

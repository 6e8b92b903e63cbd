import { after, afterAbout, BEAT_MS, everyBeat } from "./timer.ts";

/** The time of day, injected so that a test can set it. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /**
   * Resolves after a number of milliseconds (from a thousand on, up to a thousand less), or at once
   * when the signal is aborted. Whoever wants the result of waiting, not just the end of it, looks at
   * the clock or the signal afterwards.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Resolves at a moment of the day, or within a second if the clock is set past it or back, or at once
   * when the signal is aborted. It may resolve early, so that a look at the clock follows here, too.
   *
   * @param moment unix milliseconds
   */
  until(moment: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => waited((done) => afterAbout(ms, done), signal),
  until: (moment, signal) => waited((done) => at(moment, done), signal),
};

/** A clock that runs beside another one, ahead of it by some milliseconds. */
export function shiftedClock(clock: Clock, ahead: number): Clock {
  return {
    now: () => clock.now() + ahead,
    sleep: clock.sleep,
    until: (moment, signal) => clock.until(moment - ahead, signal),
  };
}

/** @param start begins to wait, and returns what calls that off */
function waited(start: (done: () => void) => () => void, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      callOff();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const callOff = start(done);
    signal?.addEventListener("abort", done);
  });
}

/** Calls back at a moment, by a clock that may be set meanwhile: so it is looked at each second. */
function at(moment: number, call: () => void): () => void {
  let last = Date.now();
  if (moment - last <= BEAT_MS) return after(Math.max(0, moment - last), call);
  let callOff = everyBeat(() => {
    const now = Date.now();
    const left = moment - now;
    if (now < last || left <= 0) call();
    else if (left <= BEAT_MS) {
      callOff();
      callOff = after(left, call);
    }
    last = now;
  });
  return () => callOff();
}

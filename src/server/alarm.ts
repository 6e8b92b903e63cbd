import type { Clock } from "../host/clock.ts";

/** Ends a sleep early, or the next one if nobody sleeps. */
export class Alarm {
  readonly #clock: Clock;
  #nap = new AbortController();
  #rang = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Wakes the sleeper. */
  ring(): void {
    this.#rang = true;
    this.#nap.abort();
  }

  /** Forgets that it rang: what it rang for has been seen to. */
  hush(): void {
    this.#rang = false;
    if (this.#nap.signal.aborted) this.#nap = new AbortController();
  }

  /**
   * Sleeps for some milliseconds, or until the alarm rings or the signal is aborted.
   *
   * @returns whether it rang
   */
  async sleep(ms: number, signal: AbortSignal): Promise<boolean> {
    // Not AbortSignal.any(): a signal that lasts would go on knowing every one derived from it.
    const end = (): void => this.#nap.abort();
    signal.addEventListener("abort", end);
    if (!signal.aborted) await this.#clock.sleep(ms, this.#nap.signal);
    signal.removeEventListener("abort", end);
    const rang = this.#rang;
    this.hush();
    return rang;
  }
}

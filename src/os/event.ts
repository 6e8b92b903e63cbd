import type { Clock } from "./clock.ts";

/** Something that happens, is waited for, and stays so until it is reset. */
export class Event {
  readonly #clock: Clock;
  #waiting = new AbortController();
  #isSet = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sets the event and releases all waiters. */
  set(): void {
    this.#isSet = true;
    this.#waiting.abort();
  }

  /** It was seen to. */
  reset(): void {
    this.#isSet = false;
    if (this.#waiting.signal.aborted) this.#waiting = new AbortController();
  }

  /**
   * Waits until it happens, for some milliseconds at most or until the signal is aborted, and resets it.
   *
   * @returns whether it happened
   */
  async wait(ms: number, signal: AbortSignal): Promise<boolean> {
    // Not AbortSignal.any(): a signal that lasts would go on knowing every one derived from it.
    const end = (): void => this.#waiting.abort();
    signal.addEventListener("abort", end);
    if (!signal.aborted) await this.#clock.sleep(ms, this.#waiting.signal);
    signal.removeEventListener("abort", end);
    const happened = this.#isSet;
    this.reset();
    return happened;
  }
}

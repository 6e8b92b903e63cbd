/** Limits how many lines of a kind are logged, and counts those left out. */
export class RateLimiter {
  readonly #most: number;
  readonly #windowMs: number;
  #windowStart = -Infinity;
  #spent = 0;
  #leftOut = 0;

  /**
   * @param most lines in a window
   * @param windowMs how long a window is
   */
  constructor(most: number, windowMs: number) {
    this.#most = most;
    this.#windowMs = windowMs;
  }

  /**
   * Asks for one line.
   *
   * @param now unix milliseconds
   * @returns whether it may be written; if not, it is counted
   */
  take(now: number): boolean {
    if (this.#isOver(now)) {
      this.#windowStart = now;
      this.#spent = 0;
    }
    if (this.#spent < this.#most) {
      this.#spent++;
      return true;
    }
    this.#leftOut++;
    return false;
  }

  /**
   * How many lines were left out, once that can be said for a whole window; then counts anew.
   *
   * @param now unix milliseconds; Infinity to close the account
   */
  settle(now: number): number {
    if (!this.#isOver(now)) return 0;
    const count = this.#leftOut;
    this.#leftOut = 0;
    return count;
  }

  /** Also when the clock was set back. */
  #isOver(now: number): boolean {
    return now >= this.#windowStart + this.#windowMs || now < this.#windowStart;
  }
}

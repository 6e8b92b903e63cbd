/** So many bans a second may a member report in the long run, */
const PER_SECOND = 10;
/** so many at once, */
const BURST = 600;
/** and so many may run at a time: a member that is not to be trusted bans no more than these. */
export const MOST_RUNNING = 9600;

/**
 * How many bans one member may still report. What is counted was signed by the member: what others write in
 * its name costs it nothing. Time is that of the store, so that a receiver which catches up judges as one
 * which was there.
 */
export class Budget {
  #left = BURST;
  #at = -Infinity;
  /** When the bans that run end, unix milliseconds of the store. */
  #ends: number[] = [];

  /** Whether there is none left for a report of that moment. @param at unix milliseconds */
  isSpent(at: number): boolean {
    this.#refill(at);
    return this.#left < 1 || this.#running(at) >= MOST_RUNNING;
  }

  /** Takes one ban out of it. @param end when the ban ends, unix milliseconds of the store */
  take(at: number, end: number): void {
    this.#refill(at);
    this.#left -= 1;
    this.#ends.push(end);
  }

  #refill(at: number): void {
    if (at <= this.#at) return;
    const seconds = (at - this.#at) / 1000;
    this.#left = Math.min(BURST, this.#left + seconds * PER_SECOND);
    this.#at = at;
  }

  /** Counted anew only when it matters: a list of ten thousand at each line would be work by itself. */
  #running(at: number): number {
    if (this.#ends.length >= MOST_RUNNING) this.#ends = this.#ends.filter((end) => end > at);
    return this.#ends.length;
  }
}

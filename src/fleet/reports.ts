/** Reports of an address are counted together for so long, in milliseconds. */
const TOGETHER_MS = 900_000;
/** Addresses that are waiting for more reports; beyond that the oldest is forgotten. */
const MOST_WAITING = 65_536;

/** Counts which members saw a SYN of an address, until enough have. */
export class Reports {
  readonly #quorum: number;
  /** By address: when each member reported it, unix milliseconds of the store. */
  readonly #waiting = new Map<string, Map<string, number>>();

  /** @param quorum how many members have to report an address */
  constructor(quorum: number) {
    this.#quorum = quorum;
  }

  /** Notes a report. @returns whether that makes enough */
  add(unit: string, member: string, at: number): boolean {
    const by = this.#waiting.get(unit) ?? new Map<string, number>();
    for (const [other, then] of by) if (then <= at - TOGETHER_MS) by.delete(other);
    by.set(member, at);
    this.#waiting.delete(unit);
    if (by.size >= this.#quorum) return true;
    this.#waiting.set(unit, by);
    if (this.#waiting.size > MOST_WAITING) {
      const [oldest] = this.#waiting.keys();
      this.#waiting.delete(oldest!);
    }
    return false;
  }
}

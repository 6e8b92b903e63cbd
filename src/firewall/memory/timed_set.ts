/** An entry, and how long it stays. */
export interface TimedEntry {
  readonly text: string;
  /** Seconds left, rounded up; null if it stays until it is removed. */
  readonly seconds: number | null;
}

/** A set of the kernel whose entries end by themselves. When it is full, the oldest entry makes room. */
export class TimedSet {
  readonly #capacity: number;
  readonly #uptime: () => number;
  /** When each entry ends, on the monotonic clock; the oldest first. */
  readonly #ends = new Map<string, number>();

  /** @param uptime milliseconds: setting the time of day neither shortens nor prolongs an entry */
  constructor(capacity: number, uptime: () => number) {
    this.#capacity = capacity;
    this.#uptime = uptime;
  }

  /** How many entries it has. */
  get size(): number {
    return this.list().length;
  }

  /** Puts an entry in; one that is there gets the new time. */
  add(text: string, seconds: number | null): void {
    this.#ends.delete(text);
    if (this.#ends.size >= this.#capacity) {
      const [oldest] = this.#ends.keys();
      this.#ends.delete(oldest!);
    }
    this.#ends.set(text, seconds === null ? Infinity : this.#uptime() + seconds * 1000);
  }

  has(text: string): boolean {
    return (this.#ends.get(text) ?? 0) > this.#uptime();
  }

  delete(text: string): void {
    this.#ends.delete(text);
  }

  clear(): void {
    this.#ends.clear();
  }

  list(): TimedEntry[] {
    const now = this.#uptime();
    return [...this.#ends].filter(([, end]) => end > now).map(([text, end]) => ({
      text,
      seconds: end === Infinity ? null : Math.ceil((end - now) / 1000),
    }));
  }
}

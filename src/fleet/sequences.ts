/** For how long a line may be read again from the store, in milliseconds. */
const READABLE_MS = 900_000;
/** A snapshot is made this often, in milliseconds. */
const SNAPSHOT_MS = 300_000;

/** The last number of each member at a moment. */
export interface Snapshot {
  /** Unix milliseconds. */
  readonly at: number;
  readonly last: Readonly<Record<string, number>>;
}

/**
 * The number of each member's last line: no line is taken twice. After a start the lines of the last 15
 * minutes are read from the store again. So of an earlier run's lines those are refused that are older; a
 * store that replays one brings back at most what was true 20 minutes ago.
 */
export class Sequences {
  readonly #last: Map<string, number>;
  /** The oldest first. */
  #snapshots: Snapshot[];

  /**
   * @param now unix milliseconds
   * @param saved what an earlier run left
   */
  constructor(now: number, saved: readonly Snapshot[] = []) {
    const old = saved.findLast(({ at }) => at <= now - READABLE_MS || at > now);
    this.#last = new Map(Object.entries(old?.last ?? {}));
    this.#snapshots = [...saved];
  }

  /** Whether a line is newer than all of its member before it. */
  isNew(member: string, seq: number): boolean {
    return seq > (this.#last.get(member) ?? -1);
  }

  /** Takes note of a line whose signature was verified. @param now unix milliseconds */
  take(member: string, seq: number, now: number): void {
    const newest = this.#snapshots.at(-1)?.at ?? -Infinity;
    if (Math.abs(now - newest) >= SNAPSHOT_MS) this.#snapshot(now);
    this.#last.set(member, seq);
  }

  /** What the next run needs. @param now unix milliseconds */
  saved(now: number): readonly Snapshot[] {
    this.#snapshot(now);
    return this.#snapshots;
  }

  /** Of those that are old enough the newest is needed. */
  #snapshot(now: number): void {
    const enough = this.#snapshots.findLastIndex(({ at }) => at <= now - READABLE_MS);
    const kept = this.#snapshots.slice(Math.max(0, enough)).filter(({ at }) => at <= now);
    this.#snapshots = [...kept, { at: now, last: Object.fromEntries(this.#last) }];
  }
}

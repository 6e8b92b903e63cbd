import { type Address, parseBanned } from "./address.ts";
import type { Change } from "./changes.ts";
import type { Offender } from "./ledger.ts";

/** A ban that somebody made by hand. */
export interface HandBan {
  /** The address, or the /64, as the ban covers it. */
  readonly address: string;
  /** When it ends, unix milliseconds. */
  readonly until: number;
}

/** How many are remembered; beyond that the one made longest ago is forgotten. */
export const MOST_HAND_BANS = 65_536;

/**
 * The bans that were made by hand. No offence explains them, so nothing else could bring them back
 * after somebody emptied the kernel's sets.
 */
export class HandBans {
  /** In the order in which they were made, the oldest first. */
  readonly #until = new Map<string, number>();

  constructor(known: Iterable<HandBan> = []) {
    for (const { address, until } of known) this.#keep(address, until);
  }

  /** Follows what was done by hand. */
  take(change: Change): void {
    if (change.do === "ban") this.#keep(change.address.text, change.until);
    else if (change.do === "forgive") this.#until.delete(change.address.text);
    else if (change.do === "forgive all") this.#until.clear();
  }

  /** Those that have not ended, the oldest first. */
  list(now: number): HandBan[] {
    return [...this.#until].filter(([, until]) => until > now)
      .map(([address, until]) => ({ address, until }));
  }

  #keep(address: string, until: number): void {
    this.#until.delete(address);
    this.#until.set(address, until);
    if (this.#until.size <= MOST_HAND_BANS) return;
    const [oldest] = this.#until.keys();
    this.#until.delete(oldest!);
  }
}

/** A ban that has not ended. */
export interface RunningBan {
  readonly unit: Address;
  /** Seconds it has left, at least 1. */
  readonly seconds: number;
}

/** The bans that go on, whatever they were for: of two of one address the longer one. */
export function runningBans(
  offenders: Iterable<Offender>,
  byHand: Iterable<HandBan>,
  now: number,
): RunningBan[] {
  const ends = new Map<string, number>();
  for (const each of [offenders, byHand]) {
    for (const { address, until } of each) {
      if (until > Math.max(now, ends.get(address) ?? 0)) ends.set(address, until);
    }
  }
  return [...ends].map(([address, until]) => ({
    unit: parseBanned(address),
    seconds: Math.ceil((until - now) / 1000),
  }));
}

import type { Address } from "../os/address.ts";

/** The kernel keeps the time an entry has left in milliseconds of 32 bits: seconds, 24 days. */
export const LONGEST_BAN = 2_147_483;

/** What is remembered of an address that touched a trap. */
export interface Offender {
  /** The address, or the /64 or wider network, as the ban covers it. */
  readonly address: Address;
  /** How many bans it has earned since it was last forgotten. */
  readonly offences: number;
  /** When it last touched a trap, unix milliseconds. */
  readonly lastHit: number;
  /** When its last ban ends, unix milliseconds. */
  readonly until: number;
  /** The trap it touched last; null if it is not known which. */
  readonly lastPort: number | null;
}

/** How long bans last. */
export interface BanPolicy {
  /** Seconds of a first ban; each further one doubles. */
  readonly banTime: number;
  /** Seconds of the longest. */
  readonly banMax: number;
}

/** After so many quiet seconds an offender starts afresh: seven days. */
export const FORGET_SECONDS = 7 * 86_400;

/** How many offenders are remembered; beyond that the one heard of longest ago is forgotten. */
export const MOST_OFFENDERS = 16_384;

/** Touches closer together than this belong to one scan, in milliseconds. */
const ONE_SCAN_MS = 2000;

/**
 * Who touched traps, and how often. The kernel bans by itself; the ledger knows who has been banned
 * before and must stay longer.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const source = { family: 4, text: "192.0.2.1" } as const;
 * const ledger = new Ledger({ banTime: 900, banMax: 86_400 });
 * assertEquals(ledger.touch(source, 4711, 0)?.until, 900_000);
 * assertEquals(ledger.touch(source, 4711, 1_000_000)?.until, 2_800_000);
 * ```
 */
export class Ledger {
  readonly #policy: BanPolicy;
  /** In the order of the last touch, the oldest first. */
  readonly #offenders = new Map<string, Offender>();

  constructor(policy: BanPolicy, known: Iterable<Offender> = []) {
    this.#policy = policy;
    for (const offender of [...known].sort((a, b) => a.lastHit - b.lastHit)) this.#keep(offender);
  }

  /** Everyone remembered, the one heard of longest ago first. */
  get offenders(): Iterable<Offender> {
    return this.#offenders.values();
  }

  /** How many are remembered. */
  get size(): number {
    return this.#offenders.size;
  }

  /** What is remembered of an address, if anything. */
  find({ text }: Address): Offender | undefined {
    return this.#offenders.get(text);
  }

  /**
   * Notes that an address which was not banned touched a trap.
   *
   * @param now unix milliseconds
   * @returns the offence, with the end of the ban it earns; null if it belongs to the last one
   */
  touch(address: Address, port: number | null, now: number): Offender | null {
    const known = this.#offenders.get(address.text);
    if (known !== undefined && Math.abs(now - known.lastHit) < ONE_SCAN_MS) return null;
    const offences = known === undefined || this.#isForgotten(known, now) ? 1 : known.offences + 1;
    const offender = {
      address,
      offences,
      lastHit: now,
      until: now + this.#seconds(offences) * 1000,
      lastPort: port,
    };
    this.#keep(offender);
    return offender;
  }

  /** Forgets what an address has done. */
  forgive({ text }: Address): void {
    this.#offenders.delete(text);
  }

  /** Forgets all. */
  forgiveAll(): void {
    this.#offenders.clear();
  }

  #seconds(offences: number): number {
    return Math.min(this.#policy.banTime * 2 ** (offences - 1), this.#policy.banMax);
  }

  #isForgotten(known: Offender, now: number): boolean {
    return now - Math.max(known.lastHit, known.until) > FORGET_SECONDS * 1000;
  }

  #keep(offender: Offender): void {
    this.#offenders.delete(offender.address.text);
    this.#offenders.set(offender.address.text, offender);
    if (this.#offenders.size <= MOST_OFFENDERS) return;
    const [oldest] = this.#offenders.keys();
    this.#offenders.delete(oldest!);
  }
}

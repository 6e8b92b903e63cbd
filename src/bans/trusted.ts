import type { Address } from "../os/address.ts";

/** An address that has logged in. */
export interface Trusted {
  /** The address, or the /64, as a ban would cover it. */
  readonly address: Address;
  /** Until when a lone SYN does not ban it, unix milliseconds. */
  readonly until: number;
}

/** How many are remembered; beyond that the one heard of longest ago is forgotten. */
const MOST_TRUSTED = 16_384;

/** Who logs in again and again stays trusted; writing that down now and then is enough. */
const RENEW_MS = 3_600_000;

/** Addresses that have logged in through C3PO, and until when each is trusted. */
export class TrustedAddresses {
  readonly #lifetimeMs: number;
  /** In the order of the last renewal, the oldest first. */
  readonly #trusted = new Map<string, Trusted>();

  /** @param seconds how long a login counts; 0 turns trust off */
  constructor(seconds: number, known: Iterable<Trusted> = []) {
    this.#lifetimeMs = seconds * 1000;
    if (seconds === 0) return;
    for (const each of [...known].sort((a, b) => a.until - b.until)) this.#keep(each);
  }

  /** Whether a login from an address (or /64) still counts. */
  has({ text }: Address, now: number): boolean {
    return (this.#trusted.get(text)?.until ?? 0) > now;
  }

  /**
   * Records a login.
   *
   * @returns what the kernel and the disk are to be told; null if they know
   */
  add(address: Address, now: number): Trusted | null {
    const until = now + this.#lifetimeMs;
    const known = this.#trusted.get(address.text)?.until ?? 0;
    if (this.#lifetimeMs === 0 || known > until - RENEW_MS) return null;
    const trusted = { address, until };
    this.#keep(trusted);
    return trusted;
  }

  /** All whose login still counts. */
  list(now: number): Trusted[] {
    return [...this.#trusted.values()].filter(({ until }) => until > now);
  }

  #keep(trusted: Trusted): void {
    this.#trusted.delete(trusted.address.text);
    this.#trusted.set(trusted.address.text, trusted);
    if (this.#trusted.size <= MOST_TRUSTED) return;
    const [oldest] = this.#trusted.keys();
    this.#trusted.delete(oldest!);
  }
}

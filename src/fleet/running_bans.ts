import type { Address } from "../os/address.ts";

/** A ban that another member of the fleet reported. */
export interface SharedBan {
  /** One IPv4 address or one IPv6 /64. */
  readonly address: Address;
  /** When it ends, unix milliseconds by the clock of this machine. */
  readonly until: number;
  /** Who reported it. */
  readonly member: string;
}

/** The most bans that are kept: as many as the kernel's set takes. */
export const MOST_SHARED = 1 << 18;

/** The bans of the fleet that run here. */
export class RunningBans {
  readonly #bans = new Map<string, SharedBan>();

  /** The ban of an address, if it runs. @param now unix milliseconds */
  find(unit: string, now: number): SharedBan | undefined {
    const ban = this.#bans.get(unit);
    return ban !== undefined && ban.until > now ? ban : undefined;
  }

  /** How many run. @param now unix milliseconds */
  count(now: number): number {
    this.#forgetEnded(now);
    return this.#bans.size;
  }

  /**
   * Notes a ban, in place of the one that its address had.
   *
   * @returns whether it was noted: not if all places are taken
   */
  add(ban: SharedBan, now: number): boolean {
    const unit = ban.address.text;
    if (this.#bans.size >= MOST_SHARED) this.#forgetEnded(now);
    if (!this.#bans.has(unit) && this.#bans.size >= MOST_SHARED) return false;
    this.#bans.set(unit, ban);
    return true;
  }

  /** Ends the ban of an address. */
  remove(unit: string): void {
    this.#bans.delete(unit);
  }

  /** Ends those that a member reported. @returns their addresses */
  removeOf(member: string): Address[] {
    const gone = [...this.#bans.values()].filter((ban) => ban.member === member);
    for (const { address } of gone) this.#bans.delete(address.text);
    return gone.map(({ address }) => address);
  }

  /** Ends all. */
  clear(): void {
    this.#bans.clear();
  }

  /** Those that run. @param now unix milliseconds */
  list(now: number): SharedBan[] {
    this.#forgetEnded(now);
    return [...this.#bans.values()];
  }

  #forgetEnded(now: number): void {
    for (const [unit, { until }] of this.#bans) if (until <= now) this.#bans.delete(unit);
  }
}

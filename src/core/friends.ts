import type { SetText } from "./firewall/ipset.ts";
import { addEntry, elementOf } from "./firewall/ipset.ts";
import { friendSet } from "./firewall/sets.ts";
import { type Address, parseBanned } from "./address.ts";
import { LONGEST_BAN } from "./config.ts";
import type { Session } from "./sockets.ts";

/** An address that logged in. */
export interface Friend {
  /** The address, or the /64, as a ban would cover it. */
  readonly address: string;
  /** Until when a lone SYN does not ban it, unix milliseconds. */
  readonly until: number;
}

/** How many friends are remembered; beyond that the one heard of longest ago is forgotten. */
export const MOST_FRIENDS = 16_384;

/** A friend who is here stays one; writing that down now and then is enough. */
const RENEW_MS = 3_600_000;

/** Who has logged in through C3PO, and until when that counts. */
export class Friends {
  readonly #lifetimeMs: number;
  /** In the order of the last renewal, the oldest first. */
  readonly #until = new Map<string, number>();

  /** @param seconds how long a login counts; 0 has no friends at all */
  constructor(seconds: number, known: Iterable<Friend> = []) {
    this.#lifetimeMs = seconds * 1000;
    if (seconds === 0) return;
    for (const { address, until } of [...known].sort((a, b) => a.until - b.until)) {
      this.#keep(address, until);
    }
  }

  /** Whether an address (or /64) has logged in lately. */
  has(address: string, now: number): boolean {
    return (this.#until.get(address) ?? 0) > now;
  }

  /**
   * Notes that an address has a session that proves a login.
   *
   * @returns whether that is news worth telling the kernel and the disk
   */
  welcome(address: string, now: number): boolean {
    const until = now + this.#lifetimeMs;
    if (this.#lifetimeMs === 0 || (this.#until.get(address) ?? 0) > until - RENEW_MS) return false;
    this.#keep(address, until);
    return true;
  }

  /** Everybody whose login still counts. */
  list(now: number): Friend[] {
    return [...this.#until].filter(([, until]) => until > now)
      .map(([address, until]) => ({ address, until }));
  }

  /**
   * Lines that put friends into the kernel's sets. Their time there is bounded by what the kernel can
   * keep, so they are put there again from time to time.
   */
  entries(now: number, friends: readonly Friend[] = this.list(now)): SetText {
    return friends.map(({ address, until }) => {
      const unit: Address = parseBanned(address);
      const left = Math.max(1, Math.floor((until - now) / 1000));
      return addEntry(friendSet(unit.family), elementOf(unit), Math.min(left, LONGEST_BAN));
    }).join("");
  }

  #keep(address: string, until: number): void {
    this.#until.delete(address);
    this.#until.set(address, until);
    if (this.#until.size <= MOST_FRIENDS) return;
    const [oldest] = this.#until.keys();
    this.#until.delete(oldest!);
  }
}

/**
 * From 9.8 on sshd lengthens the time to log in by up to four seconds, so that nobody can tell its
 * end; one more for the end of the connection to arrive here.
 */
const JITTER_SECONDS = 5;

/**
 * Tells sessions that outlive the time sshd gives for logging in: whoever holds one has logged in.
 * Ages are counted in looks, not by the time of day, which may be set.
 */
export class SessionAges {
  readonly #lookSeconds: number;
  #looks: ReadonlyMap<string, number> | null = null;
  #waits = false;

  /** @param lookSeconds the time between two looks, at least */
  constructor(lookSeconds: number) {
    this.#lookSeconds = lookSeconds;
  }

  /** Whether a session that is there may yet prove a login. */
  get waits(): boolean {
    return this.#waits;
  }

  /**
   * Takes one look. Sessions that were there at the first one prove nothing: they may have come
   * before sshd's own port was hidden.
   *
   * @param sessions the connections to sshd there are now
   * @param graceSeconds sshd's LoginGraceTime
   * @returns the addresses of those that prove a login
   */
  look(sessions: readonly Session[], graceSeconds: number): string[] {
    const proof = 1 + Math.ceil((graceSeconds + JITTER_SECONDS) / this.#lookSeconds);
    const known = this.#looks;
    const looks = new Map(sessions.map(({ id }) => {
      const before = known === null ? -Infinity : known.get(id) ?? 0;
      return [id, before + 1];
    }));
    this.#looks = looks;
    this.#waits = [...looks.values()].some((count) => count >= 0 && count < proof);
    const proven = sessions.filter(({ id }) => looks.get(id)! >= proof);
    return [...new Set(proven.map(({ address }) => address))];
  }
}

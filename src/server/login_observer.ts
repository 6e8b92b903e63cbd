import type { BanStore } from "../bans/ban_store.ts";
import type { Trusted } from "../bans/trusted.ts";
import { LONGEST_BAN } from "../bans/ledger.ts";
import type { Firewall, Trust } from "../firewall/firewall.ts";
import { parseBanned } from "../os/address.ts";
import type { Clock } from "../os/clock.ts";
import { eventLog } from "../os/event_log.ts";
import { SSH_SERVICE } from "../schedule/derivation.ts";
import type { Guest } from "./arrival_observer.ts";
import type { Counters } from "./counters.ts";
import type { Task } from "./ticker.ts";

/** A login that sshd accepted. */
export interface SeenLogin {
  /** The very address they come from. */
  readonly address: string;
  /** The account, where it is told. */
  readonly account: string | null;
}

/** An address that may be about to log in. */
interface Pending {
  /** When it came first, unix milliseconds. */
  readonly at: number;
  /** Whose ports it used. */
  readonly users: Set<string>;
}

/** Asks sshd, in one way or another, whom it has let in. */
export interface LoginSource {
  /** Whether each login is told once, and not for as long as the session lasts. */
  readonly tellsOnce: boolean;
  /** @param since unix seconds */
  read(since: number): Promise<readonly SeenLogin[]>;
}

/** How long after it came through a door an address may still log in, in milliseconds: sshd's usual grace and some. */
const PENDING_MS = 150_000;
/**
 * A login can be read before the connection it came by, which the kernel's notes tell of later: it is kept
 * this long, in milliseconds.
 */
const EARLY_MS = 30_000;
/** sshd is asked this often while a login may be in progress. */
const ASK_MS = 5000;
/** The kernel is told of all trusted addresses again this often: it cannot keep the longest times at once. */
const REFRESH_MS = 86_400_000;
const MOST_PENDING = 4096;

const log = eventLog("logins");

/** Reads from sshd which addresses have logged in through a door, and trusts them. */
export class LoginObserver implements Task {
  readonly what = "read logins";
  readonly #store: BanStore;
  readonly #firewall: Pick<Firewall, "trust">;
  readonly #sources: readonly LoginSource[];
  readonly #counters: Counters;
  readonly #clock: Clock;
  /** Addresses (or /64) that came through a door to sshd. */
  readonly #pending = new Map<string, Pending>();
  /** Logins of addresses that are not known to have come through a door yet, and when they were read. */
  #early: { readonly login: SeenLogin; readonly at: number }[] = [];
  /** Whom the kernel has yet to be told of, if it could not be told. */
  #untold: Trusted[] = [];
  #askedAt = -Infinity;
  #refreshedAt: number;

  constructor(
    store: BanStore,
    firewall: Pick<Firewall, "trust">,
    sources: readonly LoginSource[],
    counters: Counters,
    clock: Clock,
  ) {
    this.#store = store;
    this.#firewall = firewall;
    this.#sources = sources;
    this.#counters = counters;
    this.#clock = clock;
    this.#refreshedAt = clock.now();
  }

  /** Records connections through a door. */
  take(guests: readonly Guest[]): void {
    const now = this.#clock.now();
    for (const { source, doors } of guests) {
      const toSsh = doors.filter(({ service }) => service === SSH_SERVICE);
      if (doors.length > 0 && toSsh.length === 0) continue;
      const unit = parseBanned(source.text).text;
      const pending = this.#pending.get(unit) ?? { at: now, users: new Set() };
      for (const { user } of toSsh) pending.users.add(user);
      if (this.#pending.size < MOST_PENDING) this.#pending.set(unit, pending);
      this.#askedAt = -Infinity;
    }
  }

  async run(now: number): Promise<boolean> {
    if (Math.abs(now - this.#refreshedAt) > REFRESH_MS) {
      this.#refreshedAt = now;
      await this.#firewall.trust(trustOf(this.#store.trusted.list(now), now));
    }
    await this.#tell(now);
    if (this.#pending.size === 0) return false;
    if (Math.abs(now - this.#askedAt) < ASK_MS) return true;
    this.#askedAt = now;
    const since = Math.min(...[...this.#pending.values()].map(({ at }) => at)) / 1000 -
      PENDING_MS / 1000;
    const early = this.#early.filter(({ at }) => Math.abs(now - at) <= EARLY_MS);
    this.#early = early.filter(({ login }) => !this.#learn(login, now));
    for (const source of this.#sources) {
      if (this.#pending.size === 0) break;
      const unknown = (await source.read(since)).filter((login) => !this.#learn(login, now));
      if (!source.tellsOnce) continue;
      this.#early.push(...unknown.slice(0, MOST_PENDING).map((login) => ({ login, at: now })));
    }
    await this.#tell(now);
    for (const [unit, { at }] of this.#pending) {
      if (Math.abs(now - at) > PENDING_MS) this.#pending.delete(unit);
    }
    return this.#pending.size > 0;
  }

  /** @returns whether they are known to have come through a door; if not, they may have come another way */
  #learn({ address, account }: SeenLogin, now: number): boolean {
    const unit = parseBanned(address);
    const pending = this.#pending.get(unit.text);
    if (pending === undefined) return false;
    this.#pending.delete(unit.text);
    this.#counters.login();
    log.info("login", "logged in", {
      ...(pending.users.size === 0 ? {} : { user: [...pending.users].join(",") }),
      address,
      ...(account === null ? {} : { account }),
    });
    const trusted = this.#store.trusted.add(unit, now);
    if (trusted !== null) {
      this.#untold.push(trusted);
      this.#store.changed(now);
    }
    return true;
  }

  async #tell(now: number): Promise<void> {
    if (this.#untold.length === 0) return;
    await this.#firewall.trust(trustOf(this.#untold, now));
    for (const { address } of this.#untold.splice(0)) {
      log.info("trusted", "trusting an address", { address: address.text });
    }
  }
}

/** As the kernel is told, which keeps times of 24 days at most. */
export function trustOf(trusted: readonly Trusted[], now: number): Trust[] {
  return trusted.map(({ address, until }) => ({
    address,
    seconds: Math.min(Math.max(1, Math.floor((until - now) / 1000)), LONGEST_BAN),
  }));
}

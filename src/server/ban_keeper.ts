import type { BanStore } from "../bans/ban_store.ts";
import { forgivenBy } from "../bans/pending_commands.ts";
import type { Activity, Ban, Firewall, Touch } from "../firewall/firewall.ts";
import { type Address, parseBanned } from "../os/address.ts";
import { isBannable } from "../os/address_scope.ts";
import type { Clock } from "../os/clock.ts";
import { eventLog } from "../os/event_log.ts";
import { RateLimiter } from "../os/rate_limiter.ts";
import type { Counters } from "./counters.ts";
import type { NetworkBans, NetworkOffence } from "./network_bans.ts";
import type { Trigger } from "./report.ts";
import type { Task } from "./ticker.ts";

/** Most bans to queue while the kernel cannot be reached. */
const MOST_QUEUED = 65_536;
/** Last touches that are remembered of those who have not completed a connection yet. */
const MOST_TOUCHES = 16_384;

const LOG_LINES = 20;
const LOG_WINDOW_MS = 1000;

/** Told of an address (or /64) that earned a ban, or completed a connection to a trap during one. */
export type Witness = (
  unit: Address,
  until: number,
  evidence: "confirmed" | "syn",
  offences: number,
) => void;

const log = eventLog("bans");

/** Accounts for bans: the kernel makes the first ones, this makes repeated ones longer. */
export class BanKeeper implements Task {
  readonly what = "update the bans";
  readonly #trigger: Trigger;
  readonly #store: BanStore;
  readonly #firewall: Firewall;
  readonly #counters: Counters;
  readonly #clock: Clock;
  readonly #witness: Witness;
  readonly #networks: NetworkBans | null;
  readonly #limiter = new RateLimiter(LOG_LINES, LOG_WINDOW_MS);
  /** Of its own: behind the lines of all that was banned in a network, its own would never be seen. */
  readonly #networkLimiter = new RateLimiter(LOG_LINES, LOG_WINDOW_MS);
  /** The last touch of an address (or /64) that the kernel has not banned at its first packet. */
  readonly #lastTouch = new Map<string, Touch>();
  #queue: Ban[] = [];

  /** @param networks null if no network is banned whole */
  constructor(
    trigger: Trigger,
    store: BanStore,
    firewall: Firewall,
    counters: Counters,
    clock: Clock,
    networks: NetworkBans | null,
    witness: Witness = () => {},
  ) {
    this.#witness = witness;
    this.#trigger = trigger;
    this.#store = store;
    this.#firewall = firewall;
    this.#counters = counters;
    this.#clock = clock;
    this.#networks = networks;
  }

  /** Processes new activity; {@linkcode run} tells the kernel later in the same tick. */
  async take(activity: Activity): Promise<void> {
    const now = this.#clock.now();
    // First, so that an address that was just forgiven is not banned again.
    const isForgiven = forgivenBy(
      this.#store.files.hasCommands() ? await this.#store.takePending(now) : [],
    );
    for (const hit of activity.hits) this.#hit(hit, isForgiven, now);
    for (const source of activity.confirmed) {
      this.#confirm(parseBanned(source.text), isForgiven, now);
    }
  }

  /** Writes pending changes to the kernel and the disk. */
  async run(now: number): Promise<boolean> {
    this.#settle(now);
    if (this.#store.files.hasCommands()) await this.#store.takePending(now);
    await this.#flush();
    try {
      for (const offence of await this.#networks?.take(now) ?? []) {
        this.#recordNetwork(offence, now);
      }
      await this.#flush();
    } finally {
      await this.#store.writeDue(() => this.saved(), now);
    }
    return this.#queue.length > 0;
  }

  /** The bans as the kernel has them, or as far as the ledger knows. */
  async *saved(): AsyncGenerator<readonly Ban[]> {
    const bans = await this.#firewall.everyBan();
    if (bans === null) yield this.#store.running(this.#clock.now());
    else yield* bans;
  }

  /** Counts what was left out of the log, before the end. */
  close(): void {
    this.#settle(Infinity);
  }

  #hit({ source, port }: Touch, isForgiven: (unit: string) => boolean, now: number): void {
    if (!isBannable(source)) return;
    const unit = parseBanned(source.text);
    this.#counters.hit(unit.family);
    if (isForgiven(unit.text)) return;
    if (this.#trigger === "syn" && !this.#store.trusted.has(unit, now)) {
      return this.#record(source, unit, port, "syn", now);
    }
    this.#lastTouch.delete(unit.text);
    this.#lastTouch.set(unit.text, { source, port });
    const [oldest] = this.#lastTouch.size > MOST_TOUCHES ? this.#lastTouch.keys() : [];
    if (oldest !== undefined) this.#lastTouch.delete(oldest);
  }

  /** A completed connection: what bans where a first packet does not. */
  #confirm(unit: Address, isForgiven: (unit: string) => boolean, now: number): void {
    if (!isBannable(unit) || isForgiven(unit.text)) return;
    if (this.#trigger === "syn" && !this.#store.trusted.has(unit, now)) {
      // It is banned already, and now its address is known not to be forged.
      const offender = this.#store.ledger.find(unit);
      if (offender !== undefined) {
        this.#witness(unit, offender.until, "confirmed", offender.offences);
      }
      return;
    }
    const touch = this.#lastTouch.get(unit.text);
    this.#record(touch?.source ?? unit, unit, touch?.port ?? null, "handshake", now);
    this.#lastTouch.delete(unit.text);
  }

  #record(
    source: Address,
    unit: Address,
    port: number | null,
    trigger: Trigger,
    now: number,
  ): void {
    const offender = this.#store.ledger.touch(unit, port, now);
    if (offender === null) return;
    const seconds = Math.round((offender.until - now) / 1000);
    const { offences } = offender;
    this.#witness(unit, offender.until, trigger === "syn" ? "syn" : "confirmed", offences);
    this.#store.changed(now);
    this.#store.bansChanged(now);
    const event = { at: now, address: source.text, port, trigger, offences, seconds };
    this.#counters.ban(event, unit.family);
    if (this.#limiter.take(now)) {
      log.warn("ban", "banned", {
        address: source.text,
        port: port ?? "unknown",
        trigger,
        offences,
        seconds,
      });
    }
    // The kernel's own ban is a first one.
    if (offences > 1) this.#queue.push({ address: unit, seconds });
    this.#networks?.note(unit, port, trigger, now);
  }

  /** The kernel bans no network by itself, and no other server is told of one. */
  #recordNetwork({ network, port, trigger }: NetworkOffence, now: number): void {
    const offender = this.#store.ledger.touch(network, port, now);
    if (offender === null) return;
    const seconds = Math.round((offender.until - now) / 1000);
    const { offences } = offender;
    this.#store.changed(now);
    this.#store.bansChanged(now);
    this.#counters.ban(
      { at: now, address: network.text, port, trigger, offences, seconds },
      network.family,
    );
    if (this.#networkLimiter.take(now)) {
      log.warn("network_ban", "banned a whole network", {
        address: network.text,
        port: port ?? "unknown",
        trigger,
        offences,
        seconds,
      });
    }
    this.#queue.push({ address: network, seconds });
  }

  /** A failed call is retried; a refused ban does not affect the others. */
  async #flush(): Promise<void> {
    if (this.#queue.length === 0) return;
    if (this.#queue.length > MOST_QUEUED) this.#queue = this.#queue.slice(-MOST_QUEUED);
    const queued = this.#queue;
    const refusals = await this.#firewall.ban(queued);
    this.#queue = this.#queue.slice(queued.length);
    for (const { address, reason } of refusals) {
      log.warn("ban_refused", "the kernel refused a ban", { address: address.text, reason });
    }
  }

  #settle(now: number): void {
    const suppressed = this.#limiter.settle(now) + this.#networkLimiter.settle(now);
    if (suppressed > 0) {
      log.warn("bans_suppressed", "log rate limit reached, bans not logged", { suppressed });
    }
  }
}

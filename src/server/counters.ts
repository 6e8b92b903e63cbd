import type { Family } from "../os/address.ts";
import { type RefusalReason, REFUSALS } from "../fleet/outcome.ts";
import type { BanEvent, ProbeEvent, RepairEvent, Trigger } from "./report.ts";

/** How many bans are remembered to be shown. */
export const MOST_RECENT = 50;

/** What `serve` counts while it runs. Counts only grow. */
export class Counters {
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly bans: Record<`${Family} ${Trigger}`, number> = {
    "4 syn": 0,
    "4 handshake": 0,
    "6 syn": 0,
    "6 handshake": 0,
  };
  readonly hits: Record<Family, number> = { 4: 0, 6: 0 };
  /** The latest bans, the newest first. */
  readonly recent: BanEvent[] = [];
  /** Connections the tarpit took. */
  tarpitConnections = 0;
  /** Connections that were completed through ports which lead to a service. */
  arrivals = 0;
  /** The same by user and service, with a space between; one by a port of several users counts for each. */
  readonly arrivalsOf = new Map<string, number>();
  /** Logins through C3PO that sshd told of. */
  logins = 0;
  /** Times that windows were loaded. */
  loads = 0;
  /** When the last loaded window closes, unix seconds. */
  horizon = 0;
  /** Lines that the store has taken, and bans of other servers that were made here. */
  readonly share = { published: 0, applied: 0 };
  /** Lines of the fleet that changed nothing, by the reason. */
  readonly refusedLines = Object.fromEntries(REFUSALS.map((reason) => [reason, 0])) as Record<
    RefusalReason,
    number
  >;
  repairs = 0;
  lastRepair: RepairEvent | null = null;
  lastProbe: ProbeEvent | null = null;
  #changed: () => void = () => {};

  /** @param now unix milliseconds */
  constructor(now: number) {
    this.startedAt = now;
  }

  /** Calls back whenever a count grows. */
  onChange(changed: () => void): void {
    this.#changed = changed;
  }

  /** The rules were tried. */
  probed(event: ProbeEvent): void {
    this.lastProbe = event;
    this.#changed();
  }

  /** A trap was touched. */
  hit(family: Family): void {
    this.hits[family]++;
    this.#changed();
  }

  /** An address was banned for touching a trap. */
  ban(event: BanEvent, family: Family): void {
    this.bans[`${family} ${event.trigger}`]++;
    this.recent.unshift(event);
    if (this.recent.length > MOST_RECENT) this.recent.pop();
    this.#changed();
  }

  /** A connection to a trap was completed. */
  tarpitConnection(): void {
    this.tarpitConnections++;
    this.#changed();
  }

  /** A connection through a port that leads to a service was completed. @param doors that have the port */
  arrival(doors: readonly { readonly user: string; readonly service: string }[]): void {
    this.arrivals++;
    for (const { user, service } of doors) {
      const key = `${user} ${service}`;
      this.arrivalsOf.set(key, (this.arrivalsOf.get(key) ?? 0) + 1);
    }
    this.#changed();
  }

  /** A login through C3PO. */
  login(): void {
    this.logins++;
    this.#changed();
  }

  /** A line was published, or one of another server applied. */
  shared(what: "published" | "applied"): void {
    this.share[what]++;
    this.#changed();
  }

  /** A line of the fleet changed nothing. */
  refusedLine(reason: RefusalReason): void {
    this.refusedLines[reason]++;
    this.#changed();
  }

  /** Windows were loaded. @param horizon when the last closes, unix seconds */
  loaded(horizon: number): void {
    this.loads++;
    this.horizon = horizon;
    this.#changed();
  }

  /** Another tool took away something of ours, and it was put back. */
  repair(event: RepairEvent): void {
    this.repairs++;
    this.lastRepair = event;
    this.#changed();
  }
}

import type { Family } from "./address.ts";

/** What made somebody banned: the first packet to a trap, or a completed connection. */
export type Trigger = "syn" | "handshake";

/** A ban that a trap earned somebody. */
export interface BanEvent {
  /** Unix milliseconds. */
  readonly at: number;
  readonly address: string;
  /** The trap; null if it is no longer known which. */
  readonly port: number | null;
  readonly trigger: Trigger;
  readonly offences: number;
  readonly seconds: number;
}

/** Something of ours that another tool took away, and that was put back. */
export interface RepairEvent {
  /** Unix milliseconds. */
  readonly at: number;
  readonly what: string;
}

/** How many bans are remembered to be shown. */
export const MOST_RECENT = 50;

/** The upper bounds of the classes that delays are counted in, in seconds. */
export const DELAY_BOUNDS: readonly number[] = [
  ...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05],
  ...[0.1, 0.25, 0.5, 1, 2.5, 5],
];

/** What `serve` counts while it runs. Counts only grow. */
export class Tally {
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
  arrivals = 0;
  /** Changes of minute. */
  changes = 0;
  failedChanges = 0;
  /** Delays by class, one more than there are {@linkcode DELAY_BOUNDS}. */
  readonly delays: number[] = Array.from({ length: DELAY_BOUNDS.length + 1 }, () => 0);
  delaySeconds = 0;
  lastDelaySeconds: number | null = null;
  worstDelaySeconds = 0;
  repairs = 0;
  lastRepair: RepairEvent | null = null;
  #told: () => void = () => {};

  /** @param now unix milliseconds */
  constructor(now: number) {
    this.startedAt = now;
  }

  /** Has somebody told whenever a count grows. */
  tell(told: () => void): void {
    this.#told = told;
  }

  /** The kernel noted that somebody touched a trap. */
  hit(family: Family): void {
    this.hits[family]++;
    this.#told();
  }

  /** Somebody was banned for touching a trap. */
  ban(event: BanEvent, family: Family): void {
    this.bans[`${family} ${event.trigger}`]++;
    this.recent.unshift(event);
    if (this.recent.length > MOST_RECENT) this.recent.pop();
    this.#told();
  }

  /** Somebody completed a connection to a trap. */
  arrival(): void {
    this.arrivals++;
    this.#told();
  }

  /**
   * The ports of another minute are live.
   *
   * @param delayMs milliseconds from the beginning of the minute until then
   */
  change(delayMs: number): void {
    const seconds = Math.max(0, delayMs) / 1000;
    const at = DELAY_BOUNDS.findIndex((bound) => seconds <= bound);
    this.changes++;
    this.delays[at < 0 ? DELAY_BOUNDS.length : at]!++;
    this.delaySeconds += seconds;
    this.lastDelaySeconds = seconds;
    this.worstDelaySeconds = Math.max(this.worstDelaySeconds, seconds);
    this.#told();
  }

  /** The ports of a minute could not be opened in time. */
  failedChange(): void {
    this.failedChanges++;
    this.#told();
  }

  /** Another tool took away something of ours, and it was put back. */
  repair(event: RepairEvent): void {
    this.repairs++;
    this.lastRepair = event;
    this.#told();
  }
}

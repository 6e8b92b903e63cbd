import type { Clock } from "../../os/clock.ts";
import { eventLog } from "../../os/event_log.ts";

/** How it stands with the store. */
export interface StoreState {
  /** `absent`: no `c3po share` runs. */
  readonly store: "up" | "down" | "absent";
  /** Since when, unix milliseconds. */
  readonly since: number;
  /** When all that the store had was known here, unix milliseconds; null if it never was. */
  readonly current: number | null;
}

const log = eventLog("share");

/** Knows whether the store is there, and its time. */
export class StoreStatus {
  readonly #name: string;
  readonly #clock: Clock;
  #store: StoreState["store"] = "absent";
  #since: number;
  #current: number | null = null;
  /** What the clock of the store is ahead of this one, in milliseconds. */
  #ahead = 0;

  /** @param name of the store, for the log */
  constructor(name: string, clock: Clock) {
    this.#name = name;
    this.#clock = clock;
    this.#since = clock.now();
  }

  get state(): StoreState {
    return { store: this.#store, since: this.#since, current: this.#current };
  }

  get isUp(): boolean {
    return this.#store === "up";
  }

  /** The present time of the store, unix milliseconds. */
  get now(): number {
    return this.#clock.now() + this.#ahead;
  }

  /** The store has said what time it is. @param time unix milliseconds */
  setTime(time: number): void {
    this.#ahead = time - this.#clock.now();
  }

  /** All that the store has is known here. @param time its present time */
  setCurrent(time: number): void {
    this.setTime(time);
    this.#current = this.#clock.now();
  }

  /** The store has come or gone. @param reason why it is not there */
  become(store: StoreState["store"], reason = ""): void {
    if (this.#store === store) return;
    this.#store = store;
    this.#since = this.#clock.now();
    if (store === "up") {
      log.info("share_up", "connected to the store of the fleet", { store: this.#name });
    } else {
      log.warn("share_down", "cannot reach the store of the fleet; local bans are not affected", {
        reason,
      });
    }
  }
}

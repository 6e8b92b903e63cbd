import { getLogger } from "@logtape/logtape";
import { C3poError } from "../core/errors.ts";
import { minuteAt, minuteStart } from "../core/minute.ts";
import {
  isOpenAlready,
  nextChange,
  type Opening,
  openingAt,
  type PortRules,
} from "../core/opening.ts";
import { type Neighbours, neighboursOf, type Schedule } from "../core/schedule.ts";
import type { Tally } from "../core/tally.ts";
import type { Clock } from "../host/clock.ts";
import type { StagedChange } from "./kernel.ts";

/** What the rotation goes by. */
export interface RotationOptions {
  readonly schedule: Schedule;
  readonly traps: number;
  /** The rules of the moment: services come and go. */
  readonly rules: () => Promise<PortRules>;
  readonly grace: number;
  readonly tally: Tally;
}

/** Where openings go: the kernel. */
export interface Opener {
  stage(opening: Opening): Promise<StagedChange>;
}

/** How long before a change its ports are loaded into the waiting sets. */
const LEAD_MS = 1500;
/** A change that is due for longer than this is not: the clock was set, or we were held up. */
const OVERDUE_MS = 1000;
const RETRY_MS = 500;
/** A change that comes later than this is a failure, though it may still come. */
const LATE_MS = 10_000;
/** While a failure lasts it is reported once in so many tries. */
const REPORT_EVERY = 60;

/** What there is to do where the ports that shall be open are. */
const NO_CHANGE: StagedChange = {
  apply: () => Promise.resolve(),
  cancel: () => Promise.resolve(),
};

const log = getLogger(["c3po", "rotation"]);

/** Keeps the ports that are open those of the minute. */
export class Rotation {
  readonly #options: RotationOptions;
  readonly #kernel: Opener;
  readonly #clock: Clock;
  #opening: Opening | null = null;
  /** What was computed last of the schedule. */
  #ports: Neighbours | undefined;
  /** When what is open must change; null if what is open is not known. */
  #due: number | null = null;
  #changing = false;
  #wake = new AbortController();
  #failures = 0;
  #blocked = "";
  #minute = -Infinity;
  #opened = Promise.withResolvers<void>();

  constructor(options: RotationOptions, kernel: Opener, clock: Clock) {
    this.#options = options;
    this.#kernel = kernel;
    this.#clock = clock;
  }

  /** What is open; null while that changes, or if it is not known to have worked. */
  get opening(): Opening | null {
    return this.#due === null || this.#changing ? null : this.#opening;
  }

  /** Opens the ports of this moment. */
  async open(): Promise<Opening> {
    this.#due = null;
    const now = this.#clock.now();
    const opening = await this.#openingAt(now);
    await (await this.#kernel.stage(opening)).apply();
    this.#settle(opening, now);
    return opening;
  }

  /** Whether the ports that are open are those of this moment, but for some seconds. */
  onTime(): boolean {
    return this.#clock.now() < minuteStart(this.#minute + 1) + LATE_MS;
  }

  /**
   * Somebody emptied the sets: has the ports of this moment opened again.
   *
   * @returns when they are
   */
  async refresh(): Promise<void> {
    this.#due = null;
    this.#opened = Promise.withResolvers();
    this.#wake.abort();
    await this.#opened.promise;
  }

  /** Changes the ports whenever it is time, until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#due === null) await this.open();
        else await this.#change(this.#due, signal);
        if (this.#failures > 0) log.info("the ports are those of the minute again");
        this.#failures = 0;
      } catch (error) {
        if (!(error instanceof C3poError)) throw error;
        this.#options.tally.failedChange();
        if (this.#failures++ % REPORT_EVERY === 0) {
          log.error("change of minute failed, trying again", { error: error.message });
        }
        // The ports linger for some seconds, so there is time to try again.
        this.#due = null;
        await this.#clock.sleep(RETRY_MS, signal);
      }
    }
  }

  /** Prepares the next change, waits for its moment, and makes it. */
  async #change(due: number, signal: AbortSignal): Promise<void> {
    this.#wake = new AbortController();
    const stop = AbortSignal.any([signal, this.#wake.signal]);
    if (!await this.#wait(due, due - LEAD_MS, stop)) return await this.#resume(stop);
    const opening = await this.#openingAt(due);
    const staged: StagedChange = this.#opening !== null && isOpenAlready(this.#opening, opening)
      ? NO_CHANGE
      : await this.#kernel.stage(opening);
    if (!await this.#wait(due, due, stop)) {
      await staged.cancel();
      return await this.#resume(stop);
    }
    this.#changing = true;
    try {
      await staged.apply();
      if (stop.aborted) return;
      if (due === minuteStart(opening.minute)) this.#options.tally.change(this.#clock.now() - due);
      this.#settle(opening, due);
    } finally {
      this.#changing = false;
    }
  }

  /** After a step of the clock, or a suspend: nothing that was prepared is worth anything. */
  async #resume(stop: AbortSignal): Promise<void> {
    if (stop.aborted) return;
    const opening = await this.open();
    log.warn("the clock was set or this machine was held up, ports follow", {
      minute: opening.minute,
    });
  }

  /**
   * Waits for a moment on the way to a change.
   *
   * @returns false if the clock no longer leads there, or the signal was aborted
   */
  async #wait(due: number, moment: number, stop: AbortSignal): Promise<boolean> {
    for (;;) {
      const now = this.#clock.now();
      if (stop.aborted || now > due + OVERDUE_MS) return false;
      if (now < due && nextChange(now, this.#options.grace) !== due) return false;
      if (now >= moment) return true;
      await this.#clock.until(moment, stop);
    }
  }

  async #openingAt(moment: number): Promise<Opening> {
    const { schedule, traps, rules } = this.#options;
    this.#ports = await neighboursOf(schedule, minuteAt(moment), traps, this.#ports);
    const portRules = await rules();
    return openingAt(moment, this.#ports, portRules, Math.min(moment, this.#clock.now()));
  }

  #settle(opening: Opening, moment: number): void {
    this.#opening = opening;
    this.#minute = opening.minute;
    this.#due = nextChange(moment, this.#options.grace);
    this.#opened.resolve();
    const blocked = opening.blocked.join(",");
    if (blocked !== "" && blocked !== this.#blocked) {
      log.warn("a service has the SSH port of this minute, so SSH is not opened there", {
        port: blocked,
        next: "c3po key new proposes a range without such ports",
      });
    }
    this.#blocked = blocked;
  }
}

import { getLogger } from "@logtape/logtape";
import { C3poError } from "../core/errors.ts";
import { minuteAt, minuteStart } from "../core/minute.ts";
import { nextChange, type Opening, openingAt, type PortRules } from "../core/opening.ts";
import { neighboursOf, type Schedule } from "../core/schedule.ts";
import type { Clock } from "../host/clock.ts";
import type { Kernel, StagedChange } from "./kernel.ts";

/** What the rotation goes by. */
export interface RotationOptions {
  readonly schedule: Schedule;
  readonly traps: number;
  /** The rules of the moment: services come and go. */
  readonly rules: () => Promise<PortRules>;
  readonly grace: number;
}

/** How long before a change its ports are loaded into the waiting sets. */
const LEAD_MS = 1500;
/** The clock is looked at this often, since it may be set while we wait. */
const LOOK_MS = 1000;
const RETRY_MS = 1000;
/** A change that comes later than this is a failure, though it may still come. */
const LATE_MS = 10_000;

const log = getLogger(["c3po", "rotation"]);

/** Keeps the ports that are open those of the minute. */
export class Rotation {
  readonly #options: RotationOptions;
  readonly #kernel: Kernel;
  readonly #clock: Clock;
  #blocked = "";
  #minute = -Infinity;

  constructor(options: RotationOptions, kernel: Kernel, clock: Clock) {
    this.#options = options;
    this.#kernel = kernel;
    this.#clock = clock;
  }

  /** Opens the ports of this moment. */
  async open(): Promise<Opening> {
    const opening = await this.#openingAt(this.#clock.now());
    await (await this.#kernel.stage(opening)).apply();
    this.#report(opening);
    return opening;
  }

  /** Whether the ports that are open are those of this moment, but for some seconds. */
  onTime(): boolean {
    return this.#clock.now() < minuteStart(this.#minute + 1) + LATE_MS;
  }

  /** Changes the ports whenever it is time, until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#change(signal);
      } catch (error) {
        if (!(error instanceof C3poError)) throw error;
        // The ports linger for some seconds, so there is time to try again.
        log.error("change of minute failed, trying again", { error: error.message });
        await this.#clock.sleep(RETRY_MS, signal);
        await this.open().catch(() => {}); // the next round reports it if it goes on
      }
    }
  }

  /** Prepares the next change, waits for its moment, and makes it. */
  async #change(signal: AbortSignal): Promise<void> {
    const due = nextChange(this.#clock.now(), this.#options.grace);
    if (!await this.#wait(due, due - LEAD_MS, signal)) return await this.#resume(signal);
    const opening = await this.#openingAt(due);
    const staged: StagedChange = await this.#kernel.stage(opening);
    if (!await this.#wait(due, due, signal)) {
      await staged.cancel();
      return await this.#resume(signal);
    }
    await staged.apply();
    this.#report(opening);
  }

  /** After a step of the clock, or a suspend: nothing that was prepared is worth anything. */
  async #resume(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const opening = await this.open();
    log.warn("the clock was set, ports follow it", { minute: opening.minute });
  }

  /**
   * Waits for a moment on the way to a change.
   *
   * @returns false if the clock no longer leads there, or the signal was aborted
   */
  async #wait(due: number, moment: number, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      const now = this.#clock.now();
      if (signal.aborted || now > due + LOOK_MS) return false;
      if (now < due && nextChange(now, this.#options.grace) !== due) return false;
      if (now >= moment) return true;
      await this.#clock.sleep(Math.min(moment - now, LOOK_MS), signal);
    }
  }

  async #openingAt(moment: number): Promise<Opening> {
    const { schedule, traps, rules } = this.#options;
    const neighbours = await neighboursOf(schedule, minuteAt(moment), traps);
    const portRules = await rules();
    return openingAt(moment, neighbours, portRules, Math.min(moment, this.#clock.now()));
  }

  #report(opening: Opening): void {
    const blocked = opening.blocked.join(",");
    if (blocked !== "" && blocked !== this.#blocked) {
      log.warn("a service has the SSH port of this minute, so SSH is not opened there", {
        port: blocked,
        next: "c3po key new proposes a range without such ports",
      });
    }
    this.#blocked = blocked;
    this.#minute = opening.minute;
  }
}

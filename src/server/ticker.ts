import type { Clock } from "../os/clock.ts";
import { C3poError } from "../os/errors.ts";
import { Event } from "../os/event.ts";
import { eventLog } from "../os/event_log.ts";

/** A periodic task. */
export interface Task {
  /** What it does, as the log says it behind "cannot". */
  readonly what: string;
  /**
   * @param now unix milliseconds
   * @returns whether something happened: then it is soon asked again
   */
  run(now: number): Promise<boolean>;
}

/** How long the ticker rests while something happens, and while nothing does, in milliseconds. */
export interface Pace {
  readonly busyMs: number;
  readonly quietMs: number;
}

/** Nothing has to happen for so many rests until the longer ones begin. */
const BUSY_RESTS = 15;
/** A failure that lasts is reported once in so many tries. */
const REPORT_EVERY = 60;

const log = eventLog("serve");

/**
 * Runs the daemon's periodic tasks one after the other, so that it wakes once for all of them. A
 * failing task is retried at the next tick and does not block the others.
 */
export class Ticker {
  readonly #tasks: readonly Task[];
  readonly #pace: Pace;
  readonly #clock: Clock;
  readonly #due: Event;
  readonly #failures = new Map<Task, number>();
  #quietRests = 0;

  constructor(tasks: readonly Task[], pace: Pace, clock: Clock) {
    this.#tasks = tasks;
    this.#pace = pace;
    this.#clock = clock;
    this.#due = new Event(clock);
  }

  /** Ticks at once. */
  poke(): void {
    this.#due.set();
  }

  /** Whether a task failed when it was run last. */
  get isFailing(): boolean {
    return this.#failures.size > 0;
  }

  /** Ticks until the signal is aborted, and once more then. */
  async run(signal: AbortSignal): Promise<void> {
    for (let isLast = false; !isLast;) {
      isLast = signal.aborted;
      this.#due.reset();
      const isBusy = await this.#tick();
      this.#quietRests = isBusy || this.isFailing ? 0 : this.#quietRests + 1;
      const { busyMs, quietMs } = this.#pace;
      if (!isLast) await this.#due.wait(this.#quietRests > BUSY_RESTS ? quietMs : busyMs, signal);
    }
  }

  /** Runs one task now. @returns whether something happened; a failure is reported, and is none of the caller's */
  async attempt(task: Task): Promise<boolean> {
    try {
      const isBusy = await task.run(this.#clock.now());
      if (this.#failures.delete(task)) log.info("recovered", `can ${task.what} again`);
      return isBusy;
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      const failures = this.#failures.get(task) ?? 0;
      this.#failures.set(task, failures + 1);
      if (failures % REPORT_EVERY === 0) {
        log.error("task_failed", `cannot ${task.what}, will retry`, { error: error.message });
      }
      return false;
    }
  }

  async #tick(): Promise<boolean> {
    let isBusy = false;
    for (const task of this.#tasks) if (await this.attempt(task)) isBusy = true;
    return isBusy;
  }
}

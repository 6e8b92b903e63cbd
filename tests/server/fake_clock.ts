import { setImmediate } from "node:timers";
import type { Clock } from "../../src/os/clock.ts";

/** Somebody who waits. */
interface Waiter {
  /** When it is due, by the clock that nobody sets, in milliseconds. */
  readonly due: number;
  readonly wake: () => void;
}

/** Wakes in one virtual millisecond beyond which somebody is taken to wait for nothing in a loop. */
const MOST_WAKES = 1000;
/** Turns of the event loop: promises that wait for nothing outside are settled in one. */
const TURNS = 3;

/** A clock that stands still until a test moves it: many virtual minutes pass in milliseconds. */
export class FakeClock implements Clock {
  #now: number;
  #uptime = 0;
  readonly #rest: () => Promise<void>;
  readonly #waiters = new Set<Waiter>();

  /**
   * @param start unix milliseconds
   * @param rest gives those who were woken the time to do what they do; one who reads files or runs
   * programs may need more than the turns of {@linkcode settle}
   */
  constructor(start = 1_800_000_000_000, rest: () => Promise<void> = settle) {
    this.#now = start;
    this.#rest = rest;
  }

  readonly now = (): number => this.#now;

  /** Milliseconds on a clock that nobody sets. */
  readonly uptime = (): number => this.#uptime;

  /** How many wait. */
  get waiting(): number {
    return this.#waiters.size;
  }

  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
    return this.#wait(Math.max(0, ms), signal);
  };

  /** Lets time pass: whoever waits is woken at their time, and does what they do before it goes on. */
  async advance(ms: number): Promise<void> {
    const end = this.#uptime + ms;
    let wakes = 0;
    for (;;) {
      await this.#rest();
      const next = this.#next();
      if (next === undefined || next.due > end) break;
      wakes = next.due > this.#uptime ? 0 : wakes + 1;
      if (wakes > MOST_WAKES) throw new Error(`somebody waits in a loop at ${this.#now}`);
      this.#pass(Math.max(0, next.due - this.#uptime));
      next.wake();
    }
    this.#pass(end - this.#uptime);
  }

  /** Lets time pass until a moment, unix milliseconds. */
  async advanceTo(moment: number): Promise<void> {
    await this.advance(moment - this.#now);
  }

  /** Lets time pass until something holds, looking at it after each wake. */
  async advanceUntil(condition: () => boolean, mostMs = 3_600_000): Promise<void> {
    const end = this.#uptime + mostMs;
    for (await this.#rest(); !condition(); await this.#rest()) {
      const due = this.#next()?.due ?? Infinity;
      if (due > end) throw new Error(`it does not hold within ${mostMs} ms`);
      this.#pass(Math.max(0, due - this.#uptime));
      this.#next()!.wake();
    }
  }

  /** Sets the time of day, as an administrator or NTP does; no time passes. */
  set(moment: number): void {
    this.#now = moment;
  }

  /** Time passes and nobody is woken, as while the process is stopped or the machine is asleep. */
  suspend(ms: number): void {
    this.#pass(ms);
  }

  #pass(ms: number): void {
    this.#now += ms;
    this.#uptime += ms;
  }

  /** The one who is due first; of several the one who came first. */
  #next(): Waiter | undefined {
    let first: Waiter | undefined;
    for (const waiter of this.#waiters) if (waiter.due < (first?.due ?? Infinity)) first = waiter;
    return first;
  }

  #wait(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (signal?.aborted) return Promise.resolve();
    const wake = (): void => {
      this.#waiters.delete(waiter);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const waiter = { due: this.#uptime + ms, wake };
    this.#waiters.add(waiter);
    signal?.addEventListener("abort", wake);
    return promise;
  }
}

/** Lets everything go on that waits for no clock, file, socket or program. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

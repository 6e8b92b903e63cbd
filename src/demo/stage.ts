import { C3poError, Failure } from "../os/errors.ts";
import { shellCommand } from "../os/shell.ts";
import { type Line, paint, span } from "../os/ink.ts";
import type { Clock } from "../os/clock.ts";
import type { PrivateNetwork, Running } from "../os/private_network.ts";
import { hasColour, type Terminal } from "../os/terminal.ts";

/** A command of the story: what the viewer would type, and what is run where that is spelled otherwise. */
export interface Words {
  readonly shown: readonly string[];
  readonly run: readonly string[];
}

/** How a command went. */
export interface Outcome {
  readonly code: number;
  readonly lines: readonly string[];
}

const WIDTH = 78;
/** Takes a countdown, or the ^C of a terminal, off the line it stands on. */
const CLEAR = "\r\x1b[K";
/** Time for the eye, after each thing that happened, in milliseconds. */
const PAUSE_MS = 1200;

/** Where the story is told: what happens, the true commands, and their true output as it comes. */
export class Stage {
  readonly #network: PrivateNetwork;
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #pauseMs: number;
  #steps = 0;
  #waiting = false;

  constructor(
    network: PrivateNetwork,
    { terminal, clock }: { readonly terminal: Terminal; readonly clock: Clock },
    signal: AbortSignal,
    fast: boolean,
  ) {
    this.#network = network;
    this.#terminal = terminal;
    this.#clock = clock;
    this.#signal = signal;
    this.#pauseMs = fast ? 0 : PAUSE_MS;
  }

  /** Begins a step. */
  step(title: string): void {
    const head = `── ${++this.#steps}  ${title} `;
    this.#put([], [span(head.padEnd(WIDTH, "─"), "title")]);
  }

  /** Tells something, a line of the story each. */
  async say(...lines: readonly string[]): Promise<void> {
    this.#put(...lines.map((line) => [span(line)]));
    await this.#pause();
  }

  /** Runs a command on a machine to its end, for all to see. */
  async run(machine: string, words: Words): Promise<Outcome> {
    this.#prompt(machine, words);
    const lines: string[] = [];
    const running = this.#network.start(machine, words.run, (line) => {
      lines.push(line);
      this.#put([span(`  ${line}`, "faint")]);
    });
    const code = await this.#unlessEnded(running);
    await this.#pause();
    return { code, lines };
  }

  /** Starts a command that goes on beside the story. What it says appears behind its name. */
  start(machine: string, words: Words, name: string, heard: (line: string) => void): Running {
    this.#prompt(machine, words, " &");
    return this.#network.start(machine, words.run, (line) => {
      this.#put([span(`  ${name}| `, "bar"), span(line, "faint")]);
      heard(line);
    });
  }

  /**
   * Runs a command that the viewer need not see.
   *
   * @throws {Failure} if it fails
   */
  async silently(machine: string, words: Words): Promise<string> {
    return await this.#network.must(machine, words.run);
  }

  /** Waits for a moment, and shows how long that takes. */
  async waitUntil(moment: number, what: string): Promise<void> {
    const start = this.#clock.now();
    if (moment <= start) return;
    if (!this.#terminal.interactive) {
      await this.say(`(${Math.ceil((moment - start) / 1000)} s until ${what})`);
    }
    for (let now = start; now < moment; now = this.#clock.now()) {
      this.#waiting = this.#terminal.interactive;
      if (this.#waiting) this.#terminal.raw(`\r${this.#bar(start, now, moment, what)}`);
      await this.#clock.sleep(Math.min(moment - now, 500), this.#signal);
      this.#check();
    }
    this.#waiting = false;
    if (this.#terminal.interactive) this.#terminal.raw(CLEAR);
  }

  /** Waits for something to come true, looking each tenth of a second. */
  async waitFor(
    what: string,
    deadlineMs: number,
    isSo: () => boolean | Promise<boolean>,
  ): Promise<void> {
    const end = this.#clock.now() + deadlineMs;
    while (!await isSo()) {
      if (this.#clock.now() > end) throw new Failure(`the demo timed out waiting for ${what}`);
      await this.#clock.sleep(100, this.#signal);
      this.#check();
    }
  }

  #bar(start: number, now: number, moment: number, what: string): string {
    const left = Math.ceil((moment - now) / 1000);
    const done = Math.round(30 * (now - start) / (moment - start));
    const line: Line = [
      span("  "),
      span("█".repeat(done), "bar"),
      span("░".repeat(30 - done), "faint"),
      span(`  ${String(left).padStart(2)} s until ${what}`),
    ];
    return paint(line, hasColour());
  }

  #prompt(machine: string, { shown }: Words, end = ""): void {
    this.#put([span(`${machine}$ `, "good"), span(shellCommand([...shown]) + end, "title")]);
  }

  #put(...lines: readonly Line[]): void {
    const text = lines.map((line) => `${paint(line, hasColour())}\n`).join("");
    this.#terminal.raw(this.#waiting ? CLEAR + text : text);
  }

  async #pause(): Promise<void> {
    await this.#clock.sleep(this.#pauseMs, this.#signal);
    this.#check();
  }

  /** On a signal the whole network goes, so nothing there need be waited for. */
  async #unlessEnded(running: Running): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = (): void => resolve();
    this.#signal.addEventListener("abort", stop);
    const code = await Promise.race([running.ended, promise]);
    this.#signal.removeEventListener("abort", stop);
    this.#check();
    return code as number;
  }

  #check(): void {
    if (!this.#signal.aborted) return;
    if (this.#terminal.interactive) this.#terminal.raw(CLEAR);
    throw new Interrupted();
  }
}

/** The user has interrupted the demo. */
export class Interrupted extends C3poError {
  override readonly exitCode = 1;

  constructor() {
    super("demo interrupted; everything it created was removed");
  }
}

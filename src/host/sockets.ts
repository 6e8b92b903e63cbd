import {
  listeners,
  type Session,
  sessionsOf,
  shownListeners,
  shownSessions,
} from "../core/sockets.ts";
import { readSockets } from "./procfs.ts";
import { runTool } from "./tool.ts";
import { ToolFailure } from "./tool_failure.ts";

/** Somebody to ask for all TCP sockets, and how to read what is told. */
interface Source {
  readonly read: () => Promise<string>;
  readonly listeners: (text: string) => Set<number>;
  readonly sessionsOf: (text: string, port: number) => Session[];
}

const PATIENCE_MS = 2000;

/** `ss` of iproute2 has the kernel walk through its table in a third of the time. */
const SHOWN: Source = {
  read: () => runTool("ss", ["-Htnae"], { timeout: PATIENCE_MS }),
  listeners: shownListeners,
  sessionsOf: shownSessions,
};
/** What every machine has. */
const PRINTED: Source = { read: readSockets, listeners, sessionsOf };

/**
 * The TCP sockets of this machine. To tell of them the kernel walks through its table of connections,
 * which takes milliseconds where it has much memory: so one reading serves for a while.
 */
export class Sockets {
  #source = SHOWN;
  #text = "";
  #readAt = -Infinity;
  #told: () => void = () => {};

  /** Has somebody told of each reading. */
  tell(told: () => void): void {
    this.#told = told;
  }

  /**
   * The connections from other machines to a port of this one.
   *
   * @param ageMs how old, in milliseconds, the reading may be that tells
   */
  async sessionsAt(port: number, ageMs: number): Promise<Session[]> {
    await this.#read(ageMs);
    return this.#source.sessionsOf(this.#text, port);
  }

  /**
   * The ports that something listens on for connections from outside.
   *
   * @param ageMs how old, in milliseconds, the reading may be that tells
   */
  async listening(ageMs: number): Promise<Set<number>> {
    await this.#read(ageMs);
    return this.#source.listeners(this.#text);
  }

  async #read(ageMs: number): Promise<void> {
    if (performance.now() - this.#readAt <= ageMs) return;
    this.#text = await this.#ask();
    this.#readAt = performance.now();
    this.#told();
  }

  async #ask(): Promise<string> {
    try {
      return await this.#source.read();
    } catch (error) {
      if (!(error instanceof ToolFailure) || this.#source === PRINTED) throw error;
      this.#source = PRINTED;
      return await this.#source.read();
    }
  }
}

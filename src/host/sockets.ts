import { listeners, type Session, sessionsOf } from "../core/sockets.ts";
import { readSockets } from "./procfs.ts";

/**
 * The TCP sockets of this machine. To print them the kernel walks through its table of connections,
 * which takes milliseconds where it has much memory: so one reading serves for a while.
 */
export class Sockets {
  #text = "";
  #readAt = -Infinity;

  /** The connections from other machines to a port of this one, at this moment. */
  async sessionsAt(port: number): Promise<Session[]> {
    return sessionsOf(await this.#read(), port);
  }

  /**
   * The ports that something listens on for connections from outside.
   *
   * @param ageMs how old, in milliseconds, the reading may be that tells
   */
  async listening(ageMs: number): Promise<Set<number>> {
    const isRecent = performance.now() - this.#readAt <= ageMs;
    return listeners(isRecent ? this.#text : await this.#read());
  }

  async #read(): Promise<string> {
    this.#text = await readSockets();
    this.#readAt = performance.now();
    return this.#text;
  }
}

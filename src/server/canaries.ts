import type { Listener } from "../os/listener.ts";
import type { Machine } from "./machine.ts";
import type { Tarpit } from "./tarpit.ts";
import { CANARY_PORT } from "./tarpit_policy.ts";

/**
 * Where the ports of canaries lead: to a listener of their own, so that the kernel tells a completed
 * connection as one through a door. It is opened with the first canary: nothing listens that is not needed.
 */
export class Canaries implements Disposable {
  readonly #machine: Pick<Machine, "listen">;
  readonly #opened = Promise.withResolvers<void>();
  #listener: Listener | null = null;

  constructor(machine: Pick<Machine, "listen">) {
    this.#machine = machine;
  }

  /** Where it listens; null if there was no canary yet. */
  get port(): number | null {
    return this.#listener?.port ?? null;
  }

  /** There is a canary. */
  open(): void {
    this.#listener ??= this.#machine.listen(CANARY_PORT);
    this.#opened.resolve();
  }

  /** Holds connections in the tarpit until the signal is aborted. */
  async run(tarpit: Tarpit, onConnection: () => void, signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.#opened.resolve());
    if (signal.aborted) return;
    await this.#opened.promise;
    if (this.#listener !== null) await tarpit.take(this.#listener, onConnection, signal);
  }

  [Symbol.dispose](): void {
    this.#listener?.close();
  }
}

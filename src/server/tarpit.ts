import { parseBanned } from "../os/address.ts";
import type { Clock } from "../os/clock.ts";
import { Event } from "../os/event.ts";
import type { Connection, Listener } from "../os/listener.ts";
import { EvictionQueue, type TarpitPolicy } from "./tarpit_policy.ts";
import type { Voices } from "./voices.ts";

/** A connection, and when it gets its next byte. */
interface Held extends Connection {
  /** The address, or the /64: whose connections are counted together. */
  readonly unit: string;
  /** Infinity if nothing follows what was said first. */
  nextDrip: number;
  isWriting: boolean;
}

/** The due bytes are looked for this often, while something is held, in milliseconds. */
const LOOK_MS = 1000;
/** Nothing is held: the first connection ends this rest. */
const IDLE_MS = 3_600_000;

/**
 * Holds connections to traps: speaks as a service would, and as sshd sends a byte now and then, so that the
 * client keeps waiting. What it sends is read and forgotten, since unread it would pile up in the kernel; who goes on
 * sending is closed.
 */
export class Tarpit {
  readonly #policy: TarpitPolicy;
  readonly #voices: Pick<Voices, "next">;
  readonly #clock: Clock;
  readonly #held = new Set<Held>();
  readonly #queue = new EvictionQueue<Held>();
  readonly #arrival: Event;

  /** @param voices how the real services would speak to a connection */
  constructor(policy: TarpitPolicy, voices: Pick<Voices, "next">, clock: Clock) {
    this.#policy = policy;
    this.#voices = voices;
    this.#clock = clock;
    this.#arrival = new Event(clock);
  }

  /** How many connections are held now. */
  get size(): number {
    return this.#held.size;
  }

  /**
   * Takes connections until the signal is aborted, then closes all.
   *
   * @param onConnection called for each connection
   */
  async run(listener: Listener, onConnection: () => void, signal: AbortSignal): Promise<void> {
    const drips = this.#drip(signal);
    await this.take(listener, onConnection, signal);
    await drips;
    for (const held of this.#held) this.#release(held);
  }

  /** Takes the connections of one more listener until the signal is aborted. */
  async take(listener: Listener, onConnection: () => void, signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", listener.close);
    if (signal.aborted) listener.close(); // told to end before we began
    for await (const connection of listener.connections) {
      onConnection();
      this.#hold(connection);
    }
  }

  #hold(connection: Connection): void {
    if (this.#held.size >= this.#policy.most) this.#release(this.#queue.first!);
    const { first, drips } = this.#voices.next();
    const held: Held = {
      ...connection,
      unit: parseBanned(connection.address).text,
      nextDrip: drips ? this.#clock.now() + this.#policy.dripMs : Infinity,
      isWriting: false,
    };
    this.#held.add(held);
    this.#queue.add(held.unit, held);
    if (first.length > 0) this.#send(held, first);
    this.#read(held).catch(() => {}).finally(() => this.#release(held));
    this.#arrival.set();
  }

  /** Ends when the other side closes, or sends too much. */
  async #read(held: Held): Promise<void> {
    for (let reads = 0; reads < this.#policy.reads; reads++) {
      if (!await held.read()) return;
    }
  }

  async #drip(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const now = this.#clock.now();
      for (const held of this.#held) {
        if (held.nextDrip > now) continue;
        held.nextDrip = now + this.#policy.dripMs;
        this.#send(held, crypto.getRandomValues(new Uint8Array(1)));
      }
      if (this.#held.size > 0) await this.#clock.sleep(LOOK_MS, signal);
      else await this.#arrival.wait(IDLE_MS, signal);
    }
  }

  /** A connection whose window is full waits with one write, not with a heap of them. */
  #send(held: Held, bytes: Uint8Array): void {
    if (held.isWriting) return;
    held.isWriting = true;
    held.write(bytes).then(() => held.isWriting = false, () => this.#release(held));
  }

  #release(held: Held): void {
    this.#held.delete(held);
    this.#queue.delete(held.unit, held);
    held.close();
  }
}

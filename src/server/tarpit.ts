import { parseBanned } from "../core/address.ts";
import { Crowd, greeting, type TarpitPolicy } from "../core/tarpit.ts";
import type { Clock } from "../host/clock.ts";
import type { Guest, Listener } from "../host/listener.ts";
import type { Banner } from "./banner.ts";

/** A guest, and when it gets its next drip. */
interface HeldGuest extends Guest {
  /** The address, or the /64: whose connections are counted together. */
  readonly unit: string;
  nextDrip: number;
  dripping: boolean;
}

/** The due drips are looked for this often, while somebody is held. */
const LOOK_MS = 1000;

/**
 * Holds whoever completes a connection to a trap. A guest gets a byte now and then, so that it goes on
 * hoping. What it sends is read and forgotten, since unread it would pile up in the kernel; a guest
 * that goes on talking is let go.
 */
export class Tarpit {
  readonly #policy: TarpitPolicy;
  readonly #banner: Pick<Banner, "line">;
  readonly #clock: Clock;
  readonly #held = new Set<HeldGuest>();
  readonly #crowd = new Crowd<HeldGuest>();

  /** @param banner what the real sshd says first, as far as it is known */
  constructor(policy: TarpitPolicy, banner: Pick<Banner, "line">, clock: Clock) {
    this.#policy = policy;
    this.#banner = banner;
    this.#clock = clock;
  }

  /** How many are held now. */
  get size(): number {
    return this.#held.size;
  }

  /**
   * Takes guests until the signal is aborted, then closes and lets everybody go.
   *
   * @param arrived told of each address that completed a connection
   */
  async run(
    listener: Listener,
    arrived: (address: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    signal.addEventListener("abort", listener.close);
    if (signal.aborted) listener.close(); // told to end before we began
    const drips = this.#drip(signal);
    for await (const guest of listener.guests) {
      arrived(guest.address);
      this.#hold(guest);
    }
    await drips;
    for (const guest of this.#held) this.#release(guest);
  }

  #hold(guest: Guest): void {
    if (this.#held.size >= this.#policy.most) this.#release(this.#crowd.first!);
    const held: HeldGuest = {
      ...guest,
      unit: parseBanned(guest.address).text,
      nextDrip: this.#clock.now() + this.#policy.dripMs,
      dripping: false,
    };
    this.#held.add(held);
    this.#crowd.add(held.unit, held);
    this.#send(held, greeting(this.#banner.line));
    this.#hear(held).catch(() => {}).finally(() => this.#release(held));
  }

  /** Ends when the guest leaves, or talks too much. */
  async #hear(guest: HeldGuest): Promise<void> {
    for (let words = 0; words < this.#policy.patience; words++) {
      if (!await guest.hear()) return;
    }
  }

  async #drip(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const now = this.#clock.now();
      for (const guest of this.#held) {
        if (guest.nextDrip > now) continue;
        guest.nextDrip = now + this.#policy.dripMs;
        this.#send(guest, crypto.getRandomValues(new Uint8Array(1)));
      }
      // Whoever comes while nobody is held is not due before the end of this rest.
      await this.#clock.sleep(this.#held.size > 0 ? LOOK_MS : this.#policy.dripMs, signal);
    }
  }

  /** A guest whose window is full waits with one write, not with a heap of them. */
  #send(guest: HeldGuest, bytes: Uint8Array): void {
    if (guest.dripping) return;
    guest.dripping = true;
    guest.write(bytes).then(() => guest.dripping = false, () => this.#release(guest));
  }

  #release(guest: HeldGuest): void {
    this.#held.delete(guest);
    this.#crowd.delete(guest.unit, guest);
    guest.close();
  }
}

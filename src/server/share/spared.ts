import type { TrustedAddresses } from "../../bans/trusted.ts";
import type { Sparing } from "../../fleet/outcome.ts";
import { type Address, overlap } from "../../os/address.ts";
import type { Clock } from "../../os/clock.ts";
import { C3poError } from "../../os/errors.ts";
import type { Machine } from "../machine.ts";

/** Sessions are looked up no more often than this while reports arrive, in milliseconds, */
const LOOK_MS = 1000;
/** and a report waits for that only if what is known is older than this: a ban cuts no session in any case. */
const OLD_MS = 10_000;
/** For so long an address that was forgiven here is not banned by others' reports, in milliseconds: their longest time. */
const DEAF_MS = 900_000;

/** Knows whom reports of other servers do not touch. */
export class Spared {
  readonly #allowed: () => readonly Address[];
  readonly #trusted: TrustedAddresses;
  readonly #ports: readonly number[];
  readonly #machine: Pick<Machine, "sessions">;
  readonly #clock: Clock;
  readonly #forgiven = new Map<string, number>();
  #sessions: ReadonlySet<string> = new Set();
  #lookedAt = -Infinity;

  /**
   * @param allowed who is never banned
   * @param ports where services listen
   */
  constructor(
    allowed: () => readonly Address[],
    trusted: TrustedAddresses,
    ports: readonly number[],
    machine: Pick<Machine, "sessions">,
    clock: Clock,
  ) {
    this.#allowed = allowed;
    this.#trusted = trusted;
    this.#ports = ports;
    this.#machine = machine;
    this.#clock = clock;
  }

  /** Finds out who has a session now, unless that was done a moment ago. */
  async look(): Promise<void> {
    const now = this.#clock.now();
    const age = Math.abs(now - this.#lookedAt);
    if (age < LOOK_MS) return;
    this.#lookedAt = now;
    const looking = this.#look();
    if (age >= OLD_MS) await looking;
  }

  async #look(): Promise<void> {
    try {
      this.#sessions = await this.#machine.sessions(this.#ports);
    } catch (error) {
      // Who had one a moment ago still counts, and no session is cut by a ban in any case.
      if (!(error instanceof C3poError)) throw error;
    }
  }

  /** Why an address is spared; null if it is not. */
  why(unit: Address, now: number): Sparing | null {
    if (this.#allowed().some((network) => overlap(network, unit))) return "allowed";
    if (this.#trusted.has(unit, now)) return "trusted";
    if (this.#sessions.has(unit.text)) return "session";
    return (this.#forgiven.get(unit.text) ?? 0) > now ? "forgiven" : null;
  }

  /** An address was forgiven here. */
  forgive(unit: Address, now: number): void {
    for (const [each, until] of this.#forgiven) if (until <= now) this.#forgiven.delete(each);
    this.#forgiven.set(unit.text, now + DEAF_MS);
  }
}

import { HIDDEN, SSH, TRAP } from "../core/firewall/sets.ts";
import type { Opening, TimedPort } from "../core/opening.ts";
import type { Expectation } from "../host/set_session.ts";

/** What the sets ought to hold at least, so that whoever misses it knows that somebody emptied them. */
export class SetContent {
  readonly #hidden: Expectation;
  #opening: Opening | null = null;
  #expected: readonly Expectation[];

  /** @param hiddenPort sshd's own */
  constructor(hiddenPort: number) {
    this.#hidden = { set: HIDDEN.name, element: String(hiddenPort) };
    this.#expected = [this.#hidden];
  }

  /**
   * @param opening what is open; null while the ports are just being changed
   * @returns the same array for the same opening
   */
  of(opening: Opening | null): readonly Expectation[] {
    if (opening !== this.#opening) {
      this.#opening = opening;
      this.#expected = [
        this.#hidden,
        ...longest(SSH.name, opening?.ssh ?? []),
        ...longest(TRAP.name, opening?.traps ?? []),
      ];
    }
    return this.#expected;
  }
}

/** The port that the kernel keeps longest: those of the minute before end by themselves. */
function longest(set: string, ports: readonly TimedPort[]): Expectation[] {
  if (ports.length === 0) return [];
  const { port } = ports.reduce((a, b) => b.seconds > a.seconds ? b : a);
  return [{ set, element: String(port) }];
}

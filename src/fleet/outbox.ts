import type { Address } from "../os/address.ts";
import type { Evidence, Statement } from "./line.ts";
import { LONGEST_SHARED } from "./receiver.ts";

/** So many statements wait; beyond that the oldest is given up. */
const MOST_WAITING = 1000;
/** Addresses of which it is remembered what was said. */
const MOST_SAID = 65_536;

/** What a server saw of an address. */
export interface Sighting {
  /** One IPv4 address or one IPv6 /64. */
  readonly address: Address;
  /** When the ban that it earned here ends, unix milliseconds. */
  readonly until: number;
  readonly evidence: Evidence;
  readonly offences: number;
}

type Waiting = Sighting | { readonly forgive: Address } | { readonly signed: string };

/** Reports that the store has not taken yet. What they say of time is put together when they are sent. */
export class Outbox {
  #waiting: Waiting[] = [];
  /** Sent and not acknowledged, by the number of their line. */
  readonly #sent = new Map<number, Waiting>();
  /** What was said of an address: its last ban, and whether a connection was seen. */
  readonly #said = new Map<string, Sighting>();

  /**
   * Adds a report, unless the same was said of this ban before.
   *
   * @returns whether it was added
   */
  add(sighting: Sighting, now: number): boolean {
    const unit = sighting.address.text;
    const said = this.#said.get(unit);
    const isKnown = said !== undefined && said.until > now && said.until >= sighting.until &&
      (said.evidence !== "syn" || sighting.evidence === "syn");
    if (isKnown) return false;
    this.#said.delete(unit);
    this.#said.set(unit, sighting);
    if (this.#said.size > MOST_SAID) {
      const [oldest] = this.#said.keys();
      this.#said.delete(oldest!);
    }
    this.#push(sighting);
    return true;
  }

  /** Takes back what was said of an address. */
  forgive(address: Address): void {
    this.#said.delete(address.text);
    this.#push({ forgive: address });
  }

  /** Passes a line on that another has signed. */
  pass(line: string): void {
    this.#push({ signed: line });
  }

  /** The next statement to send, or a line as it is; null if none waits. What is over by now is left out. */
  next(now: number): { said: Statement | string; sentAs: (seq: number) => void } | null {
    for (;;) {
      const first = this.#waiting.shift();
      if (first === undefined) return null;
      const said = "signed" in first ? first.signed : statementOf(first, now);
      if (said === null) continue;
      return { said, sentAs: (seq) => this.#sent.set(seq, first) };
    }
  }

  /** The store has taken a line. */
  acknowledge(seq: number): void {
    this.#sent.delete(seq);
  }

  /** The way to the store broke: what it has not acknowledged is sent again, as new lines. */
  retry(): void {
    this.#waiting = [...this.#sent.values(), ...this.#waiting].slice(-MOST_WAITING);
    this.#sent.clear();
  }

  #push(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
  }
}

function statementOf(waiting: Exclude<Waiting, { signed: string }>, now: number): Statement | null {
  if ("forgive" in waiting) return { verb: "forgive", address: waiting.forgive.text };
  const { address, until, evidence, offences } = waiting;
  const seconds = Math.min(Math.ceil((until - now) / 1000), LONGEST_SHARED);
  return seconds <= 0 ? null : { verb: "ban", address: address.text, seconds, evidence, offences };
}

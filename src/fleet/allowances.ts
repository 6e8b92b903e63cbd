import { type Address, type Family, parseCidr } from "../os/address.ts";
import { Malformed } from "../os/errors.ts";

/** A network that no ban shuts out, for a while. */
export interface Allowance {
  readonly address: Address;
  /** Unix milliseconds. */
  readonly until: number;
}

/** More than an administrator says by hand; each is compared with every report. */
const MOST_ALLOWANCES = 256;

/** The widest networks that an order allows, by their prefixes: a site's, and no part of the internet. */
const WIDEST: Readonly<Record<Family, number>> = { 4: 16, 6: 32 };

/**
 * Reads a network that an order may allow.
 *
 * @throws {Malformed} if it is none, or too wide
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(parseAllowed("203.0.113.9/24").text, "203.0.113.0/24");
 * assertThrows(() => parseAllowed("203.0.0.0/8"), Error, "too wide");
 * ```
 */
export function parseAllowed(text: string): Address {
  const network = parseCidr(text);
  const [, prefix] = network.text.split("/");
  if (prefix === undefined || Number(prefix) >= WIDEST[network.family]) return network;
  throw new Malformed(`"${text}" is too wide to be allowed by an order`, {
    hint: `the shortest prefix is /${WIDEST[network.family]}`,
  });
}

/** The networks that the administrator of a fleet has allowed. The last order about a network counts. */
export class Allowances {
  readonly #until: Map<string, Allowance>;

  constructor(known: readonly Allowance[] = []) {
    this.#until = new Map(known.map((each) => [each.address.text, each]));
  }

  /** @returns whether there was room for it */
  add(allowance: Allowance): boolean {
    const { text } = allowance.address;
    if (this.#until.size >= MOST_ALLOWANCES && !this.#until.has(text)) return false;
    this.#until.set(text, allowance);
    return true;
  }

  has(text: string): boolean {
    return this.#until.has(text);
  }

  remove(text: string): void {
    this.#until.delete(text);
  }

  /** Those that run, and those whose end was not yet {@linkcode takeOver taken}. */
  list(): Allowance[] {
    return [...this.#until.values()];
  }

  /** Takes those out whose time is over. @param now unix milliseconds */
  takeOver(now: number): Address[] {
    const over = this.list().filter(({ until }) => until <= now).map(({ address }) => address);
    for (const { text } of over) this.#until.delete(text);
    return over;
  }
}

import type { Address, Family } from "../../os/address.ts";
import { parseBanned } from "../../os/address.ts";
import { Malformed } from "../../os/errors.ts";

/** An element of a set that was listed. */
export interface Element {
  /** The parts of its key, as nft spells them: `192.0.2.1`, or an address and a port. */
  readonly key: readonly (string | number)[];
  /** Whole seconds left, at least 1; null if it stays. */
  readonly seconds: number | null;
}

/** Elements of one set, as `nft -j list set` prints it. */
export function elementsOf(json: string): Element[] {
  const { nftables } = JSON.parse(json) as { nftables: { set?: { elem?: unknown[] } }[] };
  return nftables.flatMap(({ set }) => set?.elem ?? []).map(readElement);
}

interface Timed {
  readonly elem?: { readonly val: unknown; readonly timeout?: number; readonly expires?: number };
}

function readElement(element: unknown): Element {
  const { elem } = element as Timed;
  const seconds = elem?.expires === undefined ? null : Math.max(1, elem.expires);
  return { key: keyOf(elem === undefined ? element : elem.val), seconds };
}

function keyOf(value: unknown): (string | number)[] {
  if (typeof value === "string" || typeof value === "number") return [value];
  const { concat } = value as { readonly concat?: (string | number)[] };
  return concat ?? [];
}

/** A ban or a trust as an element: of IPv6 the first address of its /64. */
export function unitElement({ text }: Address): string {
  return text.replace(/\/64$/, "");
}

/** What an element of a set of bans stands for. */
export function unitOf(element: Element): Address {
  return parseBanned(String(element.key[0]));
}

/** Invalid, multicast and own addresses: they cannot be banned. */
const NOBODY: Readonly<Record<Family, RegExp>> = {
  4: /^(0|127|22[4-9]|2[34]\d|25[0-5])\./,
  6: /^(::\/64$|ff[0-9a-f]{2}:)/,
};

/**
 * What is wrong with an address that is to be banned or trusted; null if nothing is.
 *
 * @param address in its canonical spelling
 */
export function flawOf({ family, text }: Address): string | null {
  try {
    const unit = parseBanned(text);
    if (unit.family !== family) return "wrong address family";
    return NOBODY[family].test(unit.text) ? "not a usable source address" : null;
  } catch (error) {
    if (error instanceof Malformed) return error.message;
    throw error;
  }
}

/** As many at a time as a transaction can hold without taking much memory and time. */
export const CHUNK = 10_000;

/** Cuts a list into parts of {@linkcode CHUNK}. */
export function* chunks<T>(all: readonly T[], size = CHUNK): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}

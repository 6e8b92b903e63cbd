import ipaddr from "ipaddr.js";
import type { Address } from "./address.ts";

/**
 * Whether an address can be anybody's who is to be shut out: not the unspecified ones and their networks,
 * not loopback, not multicast, which the kernel's sets refuse or which only a forger has.
 */
export function isBannable({ family, text }: Address): boolean {
  if (family === 4) {
    const first = Number(text.split(".")[0]);
    return first !== 0 && first !== 127 && first < 224;
  }
  return !/^(::|ff[0-9a-f]{2}:)/.test(text);
}

/** Addresses that mean another host, or none, in each network. */
const LOCAL = [
  "unspecified",
  "broadcast",
  "multicast",
  "linkLocal",
  "loopback",
  "private",
  "uniqueLocal",
  "carrierGradeNat",
  "ipv4Mapped",
];

/**
 * Whether an address means the same host everywhere.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseAddress, parseBanned } from "./address.ts";
 *
 * assertEquals(isPublic(parseAddress("203.0.113.7")), true);
 * assertEquals(isPublic(parseAddress("10.0.0.1")), false);
 * assertEquals(isPublic(parseBanned("fd00::1")), false);
 * ```
 */
export function isPublic({ text }: Address): boolean {
  return !LOCAL.includes(ipaddr.parse(text.replace(/\/\d+$/, "")).range());
}

import type { Address, Family } from "./address.ts";

/** A network of the ranges that are set aside for documentation, which no machine on the internet has. */
export interface ProbeRange {
  /** What must be free on this machine. */
  readonly network: string;
  /** This machine's end of the link, with its prefix. */
  readonly host: string;
  readonly hostAddress: string;
  /** Where the connections of a probe come from; what is banned is of no interest to anyone else. */
  readonly guests: readonly [string, string, string];
  readonly prefix: number;
}

/** By family. In IPv6 each guest has a /64 of its own, since bans cover that much. */
export const PROBE_RANGES: Readonly<Record<Family, ProbeRange>> = {
  4: {
    network: "198.51.100.240/28",
    host: "198.51.100.241/28",
    hostAddress: "198.51.100.241",
    guests: ["198.51.100.242", "198.51.100.243", "198.51.100.244"],
    prefix: 28,
  },
  6: {
    network: "2001:db8:c3b0::/48",
    host: "2001:db8:c3b0::1/48",
    hostAddress: "2001:db8:c3b0::1",
    guests: ["2001:db8:c3b0:1::1", "2001:db8:c3b0:2::1", "2001:db8:c3b0:3::1"],
    prefix: 48,
  },
};

/**
 * Whether an address, or the /64 around it, is that of a probe: what it touches is no offence.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const texts = ["198.51.100.243", "198.51.100.24", "2001:db8:c3b0:2::/64", "2001:db8:c3b::1"];
 * const isProbe = texts.map((text) => isProbeAddress({ family: text.includes(":") ? 6 : 4, text }));
 * assertEquals(isProbe, [true, false, true, false]);
 * ```
 */
export function isProbeAddress({ family, text }: Address): boolean {
  return family === 4 ? PROBE_RANGES[4].guests.includes(text) : text.startsWith("2001:db8:c3b0:");
}

import type { Family } from "../../os/address.ts";

/** How a family's addresses are written in a rule. */
export interface Dialect {
  readonly family: Family;
  /** The very source of a packet. */
  readonly source: string;
  /** What a ban or a trust of it covers. */
  readonly unit: string;
  /** Invalid and multicast sources, which cannot be banned. */
  readonly nobody: string;
}

/** Both of them. */
export const DIALECTS: readonly Dialect[] = [
  {
    family: 4,
    source: "ip saddr",
    unit: "ip saddr",
    nobody: "{ 0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/3 }",
  },
  {
    family: 6,
    source: "ip6 saddr",
    unit: "ip6 saddr & ffff:ffff:ffff:ffff::",
    nobody: "{ ::/64, ff00::/8 }",
  },
];

/** Has a chain of the packet's family decide, named with the number of that family. */
export function byFamily(verdict: "jump" | "goto", chain: string): string {
  return `meta nfproto vmap { ipv4 : ${verdict} ${chain}4, ipv6 : ${verdict} ${chain}6 }`;
}

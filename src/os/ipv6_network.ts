import { parseAddress } from "./address.ts";
import { readProc } from "./procfs.ts";

/** What this machine knows of IPv6: its addresses and where it sends what. */
export interface Ipv6Network {
  /** Its own addresses, without those of loopback. */
  readonly addresses: readonly { readonly text: string; readonly device: string }[];
  /** Routers that it sends through. */
  readonly gateways: readonly string[];
  /** Networks that are its own as a whole, in CIDR notation. */
  readonly local: readonly string[];
}

const ADDRESSES = "/proc/net/if_inet6";
const ROUTES = "/proc/net/ipv6_route";
const LOOPBACK = "lo";
/** RTF_LOCAL of linux/ipv6_route.h. */
const IS_LOCAL = 0x80000000;
const SINGLE = 128;

/**
 * Reads what the kernel tells of IPv6; nothing where it has none.
 *
 * @throws {ToolFailure} if it cannot be read
 */
export async function ipv6Network(): Promise<Ipv6Network> {
  const [addresses, routes] = await Promise.all([readProc(ADDRESSES), readProc(ROUTES)]);
  return parseIpv6Network(addresses, routes);
}

/**
 * Understands the kernel's two tables.
 *
 * @param addresses the text of `/proc/net/if_inet6`
 * @param routes the text of `/proc/net/ipv6_route`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const line = "20010db8000000000000000000000007 02 40 00 80 eth0\n";
 * const { addresses } = parseIpv6Network(line, "");
 * assertEquals(addresses, [{ text: "2001:db8::7", device: "eth0" }]);
 * ```
 */
export function parseIpv6Network(addresses: string, routes: string): Ipv6Network {
  const own = wordsOf(addresses).map(([hex, , , , , device]) => ({
    text: addressOf(hex!),
    device: device!,
  }));
  const gateways = new Set<string>();
  const local: string[] = [];
  for (const [target, bits, , , gateway, , , , flags] of wordsOf(routes)) {
    if (/[^0]/.test(gateway!)) gateways.add(addressOf(gateway!));
    const prefix = parseInt(bits!, 16);
    const isLocal = (parseInt(flags!, 16) & IS_LOCAL) !== 0;
    if (isLocal && prefix < SINGLE) local.push(`${addressOf(target!)}/${prefix}`);
  }
  return {
    addresses: own.filter(({ device }) => device !== LOOPBACK),
    gateways: [...gateways],
    local,
  };
}

function wordsOf(table: string): string[][] {
  return table.split("\n").filter((line) => line !== "").map((line) => line.trim().split(/\s+/));
}

/** @param hex 32 digits */
function addressOf(hex: string): string {
  return parseAddress(hex.match(/.{4}/g)!.join(":")).text;
}

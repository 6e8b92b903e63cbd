import ipaddr from "ipaddr.js";
import type { Address } from "../../os/address.ts";

/** What no set holds, or no ban may cover: unspecified, loopback, multicast, reserved. */
const NEVER_BANNED = ["0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/64", "ff00::/8"];

/** Whether an address lies in a network, or is that very address. */
export function contains(network: string, address: string): boolean {
  const [base, prefix] = cidr(network);
  const ip = ipaddr.parse(address.split("/")[0]!);
  return ip.kind() === base.kind() && ip.match(base, prefix);
}

/**
 * Why an address or /64 cannot be banned or trusted.
 *
 * @returns null if it can
 */
export function unbannable({ text }: Address): string | null {
  const network = NEVER_BANNED.find((each) => contains(each, text));
  return network === undefined ? null : `it is in ${network}, not a usable source`;
}

function cidr(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (text.includes("/")) return ipaddr.parseCIDR(text);
  const ip = ipaddr.parse(text);
  return [ip, ip.kind() === "ipv4" ? 32 : 128];
}

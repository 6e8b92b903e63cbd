import ipaddr from "ipaddr.js";
import { Malformed } from "./errors.ts";

/** The two families the kernel keeps apart. */
export type Family = 4 | 6;

/** Both families, for loops over them. */
export const FAMILIES: readonly Family[] = [4, 6];

/** An address or network in its one canonical spelling. */
export interface Address {
  readonly family: Family;
  /** `192.0.2.1`, `2001:db8::/64`; without a prefix where it names a single address. */
  readonly text: string;
}

/** How much of an IPv6 address a ban covers: a host owns its whole /64. */
export const BAN_PREFIX_6 = 64;

/** The networks that a ban may cover whole, the narrow one first: what providers give to one customer. */
export const NETWORK_PREFIXES_6 = [56, 48] as const;

/**
 * Reads one IP address. IPv4 addresses in IPv6 clothing (`::ffff:192.0.2.1`) come out as IPv4.
 *
 * @throws {Malformed} for anything else, also for IPv4 with octal or missing parts and for zones
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(parseAddress("::ffff:192.0.2.1"), { family: 4, text: "192.0.2.1" });
 * assertThrows(() => parseAddress("192.0.2.0/24"), Error, "is a network");
 * ```
 */
export function parseAddress(text: string): Address {
  const [address, prefix] = read(text);
  if (prefix !== null) {
    throw new Malformed(`"${text}" is a network, not an address`);
  }
  return { family: familyOf(address), text: address.toString() };
}

/**
 * Reads an address or a network in CIDR notation. Bits behind the prefix are dropped.
 *
 * @throws {Malformed} for anything else, and for a network that holds every address
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(parseCidr("2001:DB8::1/32"), { family: 6, text: "2001:db8::/32" });
 * assertThrows(() => parseCidr("0.0.0.0/0"), Error, "holds every address");
 * ```
 */
export function parseCidr(text: string): Address {
  const [address, prefix] = read(text);
  const family = familyOf(address);
  if (prefix === null || prefix === bitsOf(family)) return { family, text: address.toString() };
  if (prefix === 0) {
    throw new Malformed(`"${text}" holds every address`, {
      hint: "the shortest prefix is /1",
    });
  }
  return network(address, prefix);
}

/**
 * What a ban of an address covers: the address itself in IPv4, its /64 in IPv6.
 *
 * @throws {Malformed} if the text is no address, or an IPv6 network other than a /64
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseBanned("192.0.2.1").text, "192.0.2.1");
 * assertEquals(parseBanned("2001:db8::1").text, "2001:db8::/64");
 * ```
 */
export function parseBanned(text: string): Address {
  const [address, prefix] = read(text);
  const family = familyOf(address);
  if (family === 6 && (prefix === null || prefix === BAN_PREFIX_6 || prefix === 128)) {
    return network(address, BAN_PREFIX_6);
  }
  if (family === 4 && (prefix === null || prefix === 32)) {
    return { family, text: address.toString() };
  }
  throw new Malformed(`"${text}" cannot be banned as one address`, {
    hint: "a ban covers one IPv4 address or one IPv6 /64",
  });
}

/**
 * As {@linkcode parseBanned}, and an IPv6 /56 or /48 as well.
 *
 * @throws {Malformed} if the text is no address, or another network
 */
export function parseBannedNetwork(text: string): Address {
  const [address, prefix] = read(text);
  return NETWORK_PREFIXES_6.some((each) => each === prefix) && familyOf(address) === 6
    ? network(address, prefix!)
    : parseBanned(text);
}

/** Whether a ban covers more than a /64. @param ban as {@linkcode parseBannedNetwork} reads it */
export function isNetwork({ text }: Address): boolean {
  return NETWORK_PREFIXES_6.some((prefix) => text.endsWith(`/${prefix}`));
}

/**
 * The wider networks that hold what a ban covers, the narrow one first; none of IPv4.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const wider = networksOf(parseBanned("2001:db8:0:1234::1")).map(({ text }) => text);
 * assertEquals(wider, ["2001:db8:0:1200::/56", "2001:db8::/48"]);
 * ```
 */
export function networksOf({ family, text }: Address): Address[] {
  if (family === 4) return [];
  const [base, prefix] = text.split("/");
  const address = ipaddr.parse(base!);
  return NETWORK_PREFIXES_6.filter((each) => each < Number(prefix ?? BAN_PREFIX_6))
    .map((each) => network(address, each));
}

type Ip = ipaddr.IPv4 | ipaddr.IPv6;

function read(text: string): [Ip, number | null] {
  const [, body, digits] = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = body === undefined ? null : readIp(body);
  const prefix = digits === undefined ? null : Number(digits);
  if (address === null || (prefix !== null && prefix > bitsOf(familyOf(address)))) {
    throw new Malformed(`"${text}" is not an IP address or network`, {
      hint: "write it as in 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32",
    });
  }
  return [address, prefix];
}

function readIp(body: string): Ip | null {
  if (ipaddr.IPv4.isValidFourPartDecimal(body)) return ipaddr.IPv4.parse(body);
  if (!ipaddr.IPv6.isValid(body)) return null;
  const address = ipaddr.IPv6.parse(body);
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

function familyOf(address: Ip): Family {
  return address.kind() === "ipv4" ? 4 : 6;
}

function bitsOf(family: Family): number {
  return family === 4 ? 32 : 128;
}

function network(address: Ip, prefix: number): Address {
  const family = familyOf(address);
  const cidr = `${address.toString()}/${prefix}`;
  const base = family === 4
    ? ipaddr.IPv4.networkAddressFromCIDR(cidr)
    : ipaddr.IPv6.networkAddressFromCIDR(cidr);
  return { family, text: `${base.toString()}/${prefix}` };
}

/** Reads a canonical IPv4 address, as tools print it, without a detour: there may be a million. */
const OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const CANONICAL_4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);

/** As {@linkcode parseBannedNetwork}, faster for what tools and our own files print. */
export function bannedAddress(text: string): Address {
  return CANONICAL_4.test(text) ? { family: 4, text } : parseBannedNetwork(text);
}

/**
 * Whether two addresses or networks have an address in common.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const unit = parseCidr("2001:db8::/64");
 * assertEquals(overlap(parseCidr("2001:db8::7"), unit), true);
 * assertEquals(overlap(parseCidr("2001:db8::/32"), unit), true);
 * assertEquals(overlap(parseCidr("192.0.2.0/24"), unit), false);
 * ```
 */
export function overlap(one: Address, other: Address): boolean {
  if (one.family !== other.family) return false;
  const [[a, bitsA], [b, bitsB]] = [one, other].map(({ text, family }) => {
    const [ip, prefix = bitsOf(family)] = text.split("/");
    return [ipaddr.parse(ip!), Number(prefix)] as const;
  }) as [readonly [Ip, number], readonly [Ip, number]];
  return a.match(b, Math.min(bitsA, bitsB));
}

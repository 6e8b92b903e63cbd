import { Malformed } from "../os/errors.ts";
import type { Schedule } from "./schedule.ts";

/** The way in over IPv6 in one minute, in a network where nothing else answers. */
export interface DoorPlace {
  /** In its canonical spelling. */
  readonly address: string;
  readonly port: number;
}

/** Networks whose addresses are no way in: link-local, multicast, and that of the loopback address. */
const UNUSABLE = /^(?:fe[89ab][0-9a-f]:|ff[0-9a-f]{2}:|0:0:0:0$)/;

const EXAMPLE = "as in 2001:db8:0:aa::/64";

/**
 * Reads the network of a door. Written with the engine's own parser of URLs: a login, which may need it,
 * is spared the library for addresses.
 *
 * @returns the network in its canonical spelling, `2001:db8:0:aa::/64`
 * @throws {Malformed} for anything but the /64 of unicast addresses that more than one link knows
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(parseDoor("2001:DB8:0:aa:0::/64"), "2001:db8:0:aa::/64");
 * assertThrows(() => parseDoor("2001:db8::/48"), Error, "is not a /64");
 * ```
 */
export function parseDoor(text: string): string {
  const [, body, prefix] = /^([0-9a-fA-F:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const groups = body === undefined ? null : groupsOf(body);
  if (groups === null) throw new Malformed(`"${text}" is not an IPv6 network`, { hint: EXAMPLE });
  if (prefix !== "64") {
    throw new Malformed(`the door "${text}" is not a /64`, {
      hint: `the key gives the other 64 bits of the address; write it ${EXAMPLE}`,
    });
  }
  if (groups.slice(4).some((group) => Number.parseInt(group, 16) !== 0)) {
    throw new Malformed(`"${text}" has bits behind its prefix`, {
      hint: `the network is ${canonical(groups.slice(0, 4))}/64`,
    });
  }
  if (UNUSABLE.test(groups.slice(0, 4).join(":"))) {
    throw new Malformed(`"${text}" cannot be a door: link-local, multicast or reserved`, {
      hint: "it has to be a /64 that is routed to this server",
    });
  }
  return `${canonical(groups.slice(0, 4))}/64`;
}

/**
 * The address of a door: the network, then an identifier of 8 bytes.
 *
 * @param door as {@linkcode parseDoor} returns it
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const identifier = new Uint8Array([0x0e, 0x76, 0xa3, 0x52, 0x4d, 0x9a, 0x9c, 0x48]);
 * assertEquals(doorAddress("2001:db8:0:aa::/64", identifier), "2001:db8:0:aa:e76:a352:4d9a:9c48");
 * ```
 */
export function doorAddress(door: string, identifier: Uint8Array): string {
  const words = new DataView(identifier.buffer, identifier.byteOffset, 8);
  const lower = [0, 2, 4, 6].map((at) => words.getUint16(at).toString(16));
  return canonical([...groupsOf(door.replace("/64", ""))!.slice(0, 4), ...lower]);
}

/**
 * Where the door of a key is in a minute.
 *
 * @param door as {@linkcode parseDoor} returns it
 * @returns null for a `classic:` secret, which has no addresses
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Schedule } from "./schedule.ts";
 *
 * const classic = await Schedule.of({ kind: "classic", text: "secret" });
 * assertEquals(await doorPlace(classic, "2001:db8:0:aa::/64", 29_922_240), null);
 *
 * const random = await Schedule.of({ kind: "random", bytes: new Uint8Array(32) });
 * const place = await doorPlace(random, "2001:db8:0:aa::/64", 29_922_240);
 * assertEquals(place, { address: "2001:db8:0:aa:d309:ea74:f875:c325", port: 9806 });
 * ```
 */
export async function doorPlace(
  schedule: Schedule,
  door: string,
  minute: number,
): Promise<DoorPlace | null> {
  const identifier = await schedule.identifier(minute);
  if (identifier === null) return null;
  const { ssh: port } = await schedule.ports(minute, 0);
  return { address: doorAddress(door, identifier), port };
}

/** The eight groups of an address; null if it is none. */
function groupsOf(text: string): string[] | null {
  const url = `http://[${text}]`;
  if (!URL.canParse(url)) return null;
  const [head = "", tail] = new URL(url).hostname.slice(1, -1).split("::");
  const [before, after] = [head, tail ?? ""].map((part) => part === "" ? [] : part.split(":")) as [
    string[],
    string[],
  ];
  const missing = 8 - before.length - after.length;
  return [...before, ...Array.from({ length: missing }, () => "0"), ...after];
}

/** @param groups four of a network, or eight */
function canonical(groups: readonly string[]): string {
  const text = groups.length === 4 ? `${groups.join(":")}::` : groups.join(":");
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

import { overlap, parseAddress, parseCidr } from "../os/address.ts";
import { Failure } from "../os/errors.ts";
import { eventLog } from "../os/event_log.ts";
import type { Ipv6Network } from "../os/ipv6_network.ts";
import type { User } from "../users/registry.ts";

const log = eventLog("door");

/** What stands in the way of a door on this machine. */
export interface DoorTroubles {
  /** Routers that would be taken for this machine itself: without them it reaches nobody over IPv6. */
  readonly gateways: readonly string[];
  /** Addresses of this machine that would answer nothing, and on which link they are. */
  readonly cutOff: Ipv6Network["addresses"];
  /** Users whose key gives no address. */
  readonly doorless: readonly string[];
}

/**
 * What would be lost if a network were the door of this machine.
 *
 * @param door in CIDR notation
 */
export function doorTroubles(
  door: string,
  { addresses, gateways }: Ipv6Network,
  users: readonly User[],
): DoorTroubles {
  const network = parseCidr(door);
  const isInside = (text: string): boolean => overlap(parseAddress(text), network);
  return {
    gateways: gateways.filter(isInside),
    cutOff: addresses.filter(({ text }) => isInside(text)),
    doorless: users.filter(({ key }) => key.kind === "classic").map(({ name }) => name),
  };
}

/**
 * Checks a door before anything is changed, and warns of what it costs.
 *
 * @throws {Failure} if this machine would reach nobody over IPv6 any more
 */
export function checkDoor(door: string, network: Ipv6Network, users: readonly User[]): void {
  const { gateways, cutOff, doorless } = doorTroubles(door, network, users);
  if (gateways.length > 0) {
    throw new Failure(gatewayInDoor(door, gateways), { hint: ROUTED_NETWORK });
  }
  for (const { text, device } of cutOff) {
    log.warn(
      "door_address",
      "an address of this machine is in the door's network, and will not answer",
      {
        address: text,
        device,
        next: ROUTED_NETWORK,
      },
    );
  }
  if (doorless.length > 0) {
    log.warn("door_unused", "keys of the scheme classic have ports, and no address in the door", {
      users: doorless.join(","),
      next: "give them a random key: c3po key new",
    });
  }
}

/** What to do about a door that is the network of a link. */
export const ROUTED_NETWORK =
  "use a /64 that is routed to this server and that no interface has an address of";

/** That a door would shut out the way to the internet, as a person would say it. */
export function gatewayInDoor(door: string, gateways: readonly string[]): string {
  return `the router ${gateways.join(", ")} is in the door's network "${door}"`;
}

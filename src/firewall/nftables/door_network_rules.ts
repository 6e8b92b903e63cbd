import type { AddressDoor, Window } from "../../schedule/windows.ts";
import { tcpServices } from "../access.ts";
import type { Policy, Service } from "../policy.ts";
import type { Chain } from "./chains.ts";
import { doorChain, during, fromNetworks } from "./matches.ts";

/** Leads what touches an address of the door's network. */
const ADDRESSES = "addresses";
/** Judges what comes to this machine at such an address. */
const NETWORK = "doornet";

/** The chains of a network in which the address moves as well, which change with the windows. */
export function addressChains(policy: Policy, windows: readonly Window[]): Chain[] {
  if (policy.door === undefined) return [];
  const services = tcpServices(policy);
  return [
    {
      name: ADDRESSES,
      hook: null,
      hasMaps: true,
      rules: windows.flatMap((window) => addressRules(services, window)),
    },
    {
      name: NETWORK,
      hook: null,
      rules: [
        "ct status dnat return",
        // What a session needs, as the news that a packet was too big.
        "ct state established,related return",
        ...services.flatMap((service) => undirected(service, windows, "return")),
        "drop",
      ],
    },
    ...services.map((service): Chain => ({
      name: heldChain(service),
      hook: null,
      rules: [
        ...windows.flatMap((window) =>
          doorsTo(service, window).map((door) => `${during(window)} ${at(door)} accept`)
        ),
        "drop",
      ],
    })),
  ];
}

/** Where the network has rules of its own: the one to begin a chain with, or none. */
export function inNetwork({ door }: Policy, verdict: string): string[] {
  return door === undefined ? [] : [`ip6 daddr ${door} ${verdict}`];
}

/** For the chain that leads: there is no port there that leads anywhere, and no trap. */
export function toAddresses(policy: Policy): string[] {
  return inNetwork(policy, `goto ${ADDRESSES}`);
}

/** For the chain of what comes to this machine. */
export function toNetwork(policy: Policy): string[] {
  return inNetwork(policy, `jump ${NETWORK}`);
}

/** For the chain that judges a connection which was begun and not completed. */
export function toHeld(policy: Policy, service: Service): string[] {
  return inNetwork(policy, `goto ${heldChain(service)}`);
}

/** A door to a service at its own port needs no redirect, so it has none. */
export function undirected(
  service: Service,
  windows: readonly Window[],
  verdict: string,
): string[] {
  return windows.flatMap((window) =>
    doorsTo(service, window).filter(({ port }) => port === service.port).flatMap((door) =>
      sourcesOf(door).map((source) => `${during(window)} ${at(door)} ${source}${verdict}`)
    )
  );
}

function heldChain({ port }: Service): string {
  return `held${port}`;
}

function addressRules(services: readonly Service[], window: Window): string[] {
  const open = new Map<string, string>();
  const restricted: string[] = [];
  for (const service of services) {
    for (const door of doorsTo(service, window)) {
      const verdict = `goto ${doorChain(service)}`;
      if (door.from === undefined) open.set(`${door.address} . ${door.port}`, verdict);
      else {
        restricted.push(
          ...sourcesOf(door).map((source) => `${during(window)} ${at(door)} ${source}${verdict}`),
        );
      }
    }
  }
  if (open.size === 0) return restricted;
  const map = [...open].map(([place, verdict]) => `${place} : ${verdict}`).join(", ");
  return [...restricted, `${during(window)} ip6 daddr . tcp dport vmap { ${map} }`];
}

function doorsTo({ name }: Service, { addressDoors = [] }: Window): AddressDoor[] {
  return addressDoors.filter(({ service }) => service === name);
}

/** The port is the one that was asked for: behind a redirect it is another. */
function at({ address, port }: AddressDoor): string {
  return `ip6 daddr ${address} meta l4proto tcp ct original proto-dst ${port}`;
}

/** A match for each network that may use a door, with a space behind it; of none if only IPv4 may. */
function sourcesOf({ from }: AddressDoor): string[] {
  if (from === undefined) return [""];
  return fromNetworks(from.filter(({ family }) => family === 6)).map((source) => `${source} `);
}

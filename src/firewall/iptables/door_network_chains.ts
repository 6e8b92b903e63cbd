import type { Family } from "../../os/address.ts";
import type { AddressDoor, Window } from "../../schedule/windows.ts";
import { tcpServices } from "../access.ts";
import type { Policy, Service } from "../policy.ts";
import { during, inNetwork, OUTSIDE } from "./conditions.ts";
import { entranceChain } from "./entrances.ts";
import { always, type Chain, type Match, type Rule, type Verdict } from "./rules.ts";
import { placeSet, type SetSpec, slotOf } from "./sets.ts";

/** Leads what touches an address of the door's network. */
const ADDRESSES = "C3PO-ADDRESSES";
/** Judges a connection to one that was begun and not completed. */
const HELD = "C3PO-ADDR-HELD";

/** The addresses of one set of a window, with their ports. */
export interface PlaceSet {
  readonly set: SetSpec;
  readonly elements: readonly string[];
}

/** The sets of addresses of some windows, and what is in them; none without a network for them. */
export function placeSets(policy: Policy, windows: readonly Window[]): PlaceSet[] {
  if (policy.door === undefined) return [];
  return windows.flatMap((window) =>
    tcpServices(policy).map((service) => ({
      set: placeSet(service.name, slotOf(window.minute)),
      elements: doorsTo(service, window).filter(({ from }) => from === undefined)
        .map(({ address, port }) => `${address},${port}`),
    }))
  );
}

/** The chains of a network in which the address moves as well, which change with the windows. */
export function addressChains(
  family: Family,
  policy: Policy,
  windows: readonly Window[],
): Chain[] {
  if (family === 4 || policy.door === undefined) return [];
  const services = tcpServices(policy);
  return [
    {
      table: "nat",
      name: ADDRESSES,
      rules: windows.flatMap((window) => services.flatMap((service) => ways(service, window))),
    },
    {
      table: "mangle",
      name: HELD,
      rules: [
        ...windows.flatMap((window) =>
          services.flatMap((service) => ways(service, window, { do: "return" }))
        ),
        always({ do: "drop" }),
      ],
    },
    {
      table: "mangle",
      name: "C3PO-NETWORK",
      hook: {
        chain: "INPUT",
        place: "first",
        when: [OUTSIDE, { is: "to network", network: policy.door }],
      },
      rules: [
        ...services.flatMap((service) => undirected(family, service, windows)),
        // What a session needs may come, as the news that a packet was too big.
        { when: [{ is: "uninvited" }], then: { do: "drop" } },
      ],
    },
  ];
}

/** For the chain that leads: there is no port in that network that leads anywhere, and no trap. */
export function toAddresses(family: Family, policy: Policy): Rule[] {
  return inNetwork(family, policy, { do: "goto", chain: ADDRESSES });
}

/** For the chain that judges what was begun and not completed. */
export function toHeld(family: Family, policy: Policy): Rule[] {
  return inNetwork(family, policy, { do: "goto", chain: HELD });
}

/** A door to a service at its own port needs no redirect, so it has none. */
export function undirected(
  family: Family,
  service: Service,
  windows: readonly Window[],
): Rule[] {
  if (family === 4) return [];
  return windows.flatMap((window) =>
    doorsTo(service, window).filter(({ port }) => port === service.port).flatMap((door) =>
      sourcesOf(door).map((source): Rule => ({
        when: [...at(door), during(window), ...source],
        then: { do: "return" },
      }))
    )
  );
}

/** @param then what happens to what asks for a door; it is led to the service unless given */
function ways(
  service: Service,
  window: Window,
  then: Verdict = { do: "goto", chain: entranceChain(service.name) },
): Rule[] {
  const places = placeSet(service.name, slotOf(window.minute)).name;
  const restricted = doorsTo(service, window).filter(({ from }) => from !== undefined);
  return [
    { when: [during(window), { is: "in", set: places, key: "dst,dst" }], then },
    ...restricted.flatMap((door) =>
      sourcesOf(door).map((source): Rule => ({
        when: [...at(door), during(window), ...source],
        then,
      }))
    ),
  ];
}

function doorsTo({ name }: Service, { addressDoors = [] }: Window): AddressDoor[] {
  return addressDoors.filter(({ service }) => service === name);
}

function at({ address, port }: AddressDoor): Match[] {
  return [{ is: "to network", network: address }, { is: "to port", ports: [port] }];
}

/** For each network that may use a door what must hold; of none if only IPv4 may. */
function sourcesOf({ from }: AddressDoor): Match[][] {
  if (from === undefined) return [[]];
  return from.filter(({ family }) => family === 6)
    .map(({ text }): Match[] => [{ is: "from network", network: text }]);
}

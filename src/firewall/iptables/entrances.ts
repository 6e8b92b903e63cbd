import type { Family } from "../../os/address.ts";
import { udpServices } from "../access.ts";
import type { Policy, Service } from "../policy.ts";
import {
  ESTABLISHED,
  inNetwork,
  note,
  OUTSIDE,
  PENDING_SECONDS,
  shutOut,
  UDP,
} from "./conditions.ts";
import { always, type Chain, type Rule } from "./rules.ts";
import { CLAIMED, claimSet, comingSet } from "./sets.ts";

/** The chain that leads to a service. */
export function entranceChain(service: string): string {
  return `C3PO-TO-${service}`;
}

/** A door was touched; who completes the connection is noted by another chain. */
export function entrance(family: Family, service: Service, { claimSeconds }: Policy): Chain {
  return {
    table: "nat",
    name: entranceChain(service.name),
    rules: [
      ...(claimSeconds === undefined ? [] : claim(family, claimSeconds)),
      always({ ...note(comingSet(family), "src,dst"), seconds: PENDING_SECONDS }),
      always({ do: "redirect", port: service.port }),
    ],
  };
}

/**
 * The door belongs to the first address: for every other it is closed, as a port where nothing listens. Both
 * families share what is claimed.
 */
function claim(family: Family, seconds: number): Rule[] {
  const own = claimSet(family).name;
  return [
    {
      when: [
        { is: "in", set: CLAIMED.name, key: "dst" },
        { is: "not in", set: own, key: "src,dst" },
      ],
      then: { do: "return" },
    },
    // Once: later connections do not make it longer.
    always({ do: "add", set: CLAIMED.name, key: "dst", seconds, once: true }),
    always({ do: "add", set: own, key: "src,dst", seconds, once: true }),
  ];
}

/** What leads to services over UDP; nothing without one. */
export function datagramChains(family: Family, policy: Policy): Chain[] {
  const services = udpServices(policy);
  if (services.length === 0) return [];
  return [
    {
      table: "nat",
      name: "C3PO-UDP",
      hook: { chain: "PREROUTING", place: "last", when: [OUTSIDE, UDP, { is: "to this machine" }] },
      rules: [
        ...shutOut(family, policy).map((when): Rule => ({ when, then: { do: "return" } })),
        ...inNetwork(family, policy, { do: "return" }),
        always({ do: "jump", chain: "C3PO-UDP-OPEN" }),
      ],
    },
    ...services.map((service): Chain => ({
      table: "nat",
      name: entranceChain(service.name),
      rules: [
        // What has a socket on that port keeps it. The service itself is reached by the redirect.
        { when: [UDP, { is: "listened for" }], then: { do: "return" } },
        { when: [UDP], then: { do: "redirect", port: service.port } },
      ],
    })),
    {
      table: "mangle",
      name: "C3PO-UDP-DENY",
      hook: {
        chain: "INPUT",
        place: "first",
        when: [OUTSIDE, UDP, { is: "to port", ports: services.map(({ port }) => port) }],
      },
      rules: [
        // A flow that was answered is never cut, not even that of a banned address.
        { when: [ESTABLISHED], then: { do: "return" } },
        ...shutOut(family, policy).map((when): Rule => ({ when, then: { do: "drop" } })),
        { when: [{ is: "uninvited" }], then: { do: "goto", chain: "C3PO-UDP-HIDE" } },
      ],
    },
  ];
}

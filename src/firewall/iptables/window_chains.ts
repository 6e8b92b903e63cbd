import type { Family } from "../../os/address.ts";
import type { Window } from "../../schedule/windows.ts";
import { accessTo, tcpServices, udpServices } from "../access.ts";
import type { Policy, Service } from "../policy.ts";
import { at, during, fromEach, OUTSIDE, REDIRECTED, SYN, to, UDP } from "./conditions.ts";
import { addressChains, placeSets, toHeld, undirected } from "./door_network_chains.ts";
import { entranceChain } from "./entrances.ts";
import type { ClosedPortReply } from "./input_rules.ts";
import type { Chain, Match, Rule } from "./rules.ts";
import { doorSet, type SetSpec, slotOf, trapSet } from "./sets.ts";
import { held, hiddenUntil, hide } from "./window_judges.ts";

/** What the names of the chains of single windows begin with. */
export const WINDOW_CHAIN = "C3PO-W";

/** One set of a window, and what is in it. */
export interface WindowSet {
  readonly set: SetSpec;
  readonly elements: readonly string[];
}

/** The sets of some windows, and what is in them. */
export function windowSets(policy: Policy, windows: readonly Window[]): WindowSet[] {
  const ports = windows.flatMap((window) => [
    ...policy.services.map(({ name }) => ({
      set: doorSet(name, slotOf(window.minute)),
      elements: accessTo(name, window).open.map(String),
    })),
    { set: trapSet(slotOf(window.minute)), elements: window.traps.map(String) },
  ]);
  return [...ports, ...placeSets(policy, windows)];
}

/**
 * The chains that change when the windows do, alike in both families but for the networks that some doors
 * are open from. The kernel's clock decides which window a packet falls into: no process takes part when
 * a minute changes.
 */
export function windowChains(
  family: Family,
  policy: Policy,
  windows: readonly Window[],
  reply: ClosedPortReply,
): Chain[] {
  return [
    {
      table: "mangle",
      name: "C3PO-HELD",
      // A connection that was begun and not completed is redirected for as long as the kernel remembers
      // it; so each packet that asks is judged, and not only the first.
      hook: {
        chain: "PREROUTING",
        place: "first",
        when: [OUTSIDE, SYN, REDIRECTED],
      },
      rules: [...toHeld(family, policy), ...held(tcpServices(policy), windows)],
    },
    {
      table: "mangle",
      name: "C3PO-HIDE",
      rules: [
        ...tcpServices(policy).flatMap((service) => undirected(family, service, windows)),
        ...hide(family, tcpServices(policy), windows),
      ],
    },
    {
      table: reply === "reset" ? "filter" : "mangle",
      name: "C3PO-STRAY",
      rules: tcpServices(policy).filter(({ hidden }) => hidden).map((service) => ({
        when: [at(service.port), ...hiddenUntil(service, windows)],
        then: { do: reply === "reset" ? "refuse" : "drop" },
      })),
    },
    {
      table: "nat",
      name: "C3PO-OPEN",
      rules: windows.map((window) => ({
        when: [during(window)],
        then: { do: "jump", chain: `${WINDOW_CHAIN}${slotOf(window.minute)}` },
      })),
    },
    ...windows.map((window) => windowChain(family, policy, window)),
    ...addressChains(family, policy, windows),
    ...datagramChains(family, policy, windows),
  ];
}

/** As the chains of TCP, without any trap; nothing where no service speaks UDP. */
function datagramChains(family: Family, policy: Policy, windows: readonly Window[]): Chain[] {
  const services = udpServices(policy);
  if (services.length === 0) return [];
  return [
    {
      table: "mangle",
      name: "C3PO-UDP-HELD",
      // A flow that was never answered is no ticket for later, however often it is tried again.
      hook: {
        chain: "PREROUTING",
        place: "first",
        when: [OUTSIDE, UDP, { is: "unanswered" }, REDIRECTED],
      },
      rules: held(services, windows, [UDP]),
    },
    { table: "mangle", name: "C3PO-UDP-HIDE", rules: hide(family, services, windows, [UDP]) },
    {
      table: "nat",
      name: "C3PO-UDP-OPEN",
      rules: windows.flatMap((window) =>
        entrances(family, services, window, [UDP, during(window)])
      ),
    },
  ];
}

function windowChain(family: Family, policy: Policy, window: Window): Chain {
  const { minute } = window;
  const traps = to(trapSet(slotOf(minute)));
  return {
    table: "nat",
    name: `${WINDOW_CHAIN}${slotOf(minute)}`,
    rules: [
      ...entrances(family, tcpServices(policy), window),
      // A direct connection to a hidden port that is also a trap is a scan.
      {
        when: [traps, { is: "to port", ports: tcpServices(policy).map(({ port }) => port) }],
        then: { do: "goto", chain: "C3PO-TRAP" },
      },
      // Any other service that begins to listen is safe from its first client on.
      { when: [traps, { is: "listened for" }], then: { do: "return" } },
      { when: [traps], then: { do: "goto", chain: "C3PO-TRAP" } },
    ],
  };
}

/** The ways through the doors of a window. @param when what else must hold */
function entrances(
  family: Family,
  services: readonly Service[],
  window: Window,
  when: readonly Match[] = [],
): Rule[] {
  const rule = (name: string, matches: readonly Match[]): Rule => ({
    when: [...when, ...matches],
    then: { do: "goto", chain: entranceChain(name) },
  });
  return [
    // First: for a source in none of the networks, such a port is a trap.
    ...services.flatMap(({ name }) =>
      [...accessTo(name, window).restricted].flatMap(([port, networks]) =>
        fromEach(family, networks).map((match) => rule(name, [at(port), match]))
      )
    ),
    ...services.map(({ name }) => rule(name, [to(doorSet(name, slotOf(window.minute)))])),
  ];
}

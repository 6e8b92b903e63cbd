import type { Window } from "../../schedule/windows.ts";
import { accessTo, udpServices } from "../access.ts";
import type { Policy, Service } from "../policy.ts";
import { type Chain, OUTSIDE } from "./chains.ts";
import { byFamily, type Dialect, DIALECTS } from "./dialect.ts";
import { inNetwork } from "./door_network_rules.ts";
import { BAN_SETS } from "./sets.ts";
import { during, fromNetworks, strangersOf } from "./matches.ts";
import { hideRules, judgeRules } from "./window_rules.ts";

/** Leads a datagram that begins a flow to its service. */
const OPEN = "datagrams";

/** The chains of services over UDP that change with the windows; none without one. */
export function datagramChains(policy: Policy, windows: readonly Window[]): Chain[] {
  const services = udpServices(policy);
  if (services.length === 0) return [];
  return [
    {
      name: OPEN,
      hook: null,
      hasMaps: true,
      rules: [
        ...inNetwork(policy, "return"),
        ...windows.flatMap((each) => portRules(services, each)),
      ],
    },
    ...services.flatMap((service) => [
      { name: `udpjudge${service.port}`, hook: null, rules: judgeRules(service, windows) },
      { name: `udphide${service.port}`, hook: null, rules: hideRules(service, windows, "drop") },
    ]),
  ];
}

/** Those that only a policy decides. No rule here bans, or notes who came: any source can be forged. */
export function fixedDatagramChains(policy: Policy): Chain[] {
  const services = udpServices(policy);
  if (services.length === 0) return [];
  return [
    ...DIALECTS.map((dialect) => sortChain(dialect, policy)),
    ...services.flatMap(({ port }): Chain[] => [
      {
        name: `udpdoor${port}`,
        hook: null,
        // What has a socket on that port keeps it. The service itself is reached by the redirect.
        rules: ["socket transparent <= 1 return", `meta l4proto udp dnat to :${port}`],
      },
      {
        name: `udpin${port}`,
        hook: null,
        rules: [
          // A flow that was answered is never cut, not even that of a banned address.
          "ct state established,related accept",
          byFamily("jump", "banned"),
          byFamily("jump", "strange"),
          // One that was not is no ticket for later, however often it is tried again.
          `ct status dnat ct status confirmed goto udpjudge${port}`,
          "ct status dnat accept",
          `goto udphide${port}`,
        ],
      },
    ]),
  ];
}

/** What the chain of new connections has for datagrams. */
export function datagramEntrance(policy: Policy): string[] {
  if (udpServices(policy).length === 0) return [];
  return [`${OUTSIDE} meta l4proto udp fib daddr type local ${byFamily("jump", "udpsort")}`];
}

/** What the chain before those of other tools has for them. */
export function datagramInput(policy: Policy): string[] {
  return udpServices(policy).map(({ port }) => `${OUTSIDE} udp dport ${port} goto udpin${port}`);
}

function sortChain(dialect: Dialect, policy: Policy): Chain {
  const { family, source, unit } = dialect;
  return {
    name: `udpsort${family}`,
    hook: null,
    rules: [
      `${source} @allow${family} goto ${OPEN}`,
      ...BAN_SETS.map((set) => `${unit} @${set}${family} return`),
      ...strangersOf(dialect, policy)("return"),
      `goto ${OPEN}`,
    ],
  };
}

function portRules(services: readonly Service[], window: Window): string[] {
  const open: string[] = [];
  const restricted: string[] = [];
  for (const { name, port } of services) {
    const access = accessTo(name, window);
    open.push(...access.open.map((door) => `${door} : goto udpdoor${port}`));
    for (const [door, networks] of access.restricted) {
      restricted.push(
        ...fromNetworks(networks).map((source) =>
          `${during(window)} udp dport ${door} ${source} goto udpdoor${port}`
        ),
      );
    }
  }
  if (open.length === 0) return restricted;
  return [...restricted, `${during(window)} udp dport vmap { ${open.join(", ")} }`];
}

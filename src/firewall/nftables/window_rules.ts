import { horizonOf, type Window } from "../../schedule/windows.ts";
import { accessTo, tcpServices } from "../access.ts";
import type { Policy, Service } from "../policy.ts";
import type { Chain } from "./chains.ts";
import { addressChains, toAddresses, toHeld, undirected } from "./door_network_rules.ts";
import { doorChain, during, fromNetworks } from "./matches.ts";

/** Leads what touches a port to the service, or to the trap. */
export const WINDOWS = "windows";

/**
 * The chains that say which ports are open when. Bare numbers are unix seconds to nft, and the kernel
 * compares them with its own clock, to the nanosecond; only a listing shows them as local time.
 */
export function windowChains(policy: Policy, windows: readonly Window[]): Chain[] {
  return [
    {
      name: WINDOWS,
      hook: null,
      hasMaps: true,
      rules: [
        ...toAddresses(policy),
        ...windows.flatMap((each) => portRules(policy, each)),
      ],
    },
    ...addressChains(policy, windows),
    ...tcpServices(policy).flatMap((service) => [
      {
        name: judgeChain(service),
        hook: null,
        rules: [...toHeld(policy, service), ...judgeRules(service, windows)],
      },
      ...([[hideChain, "drop"], [refuseChain, "reject with tcp reset"]] as const).map((
        [chain, verdict],
      ) => ({
        name: chain(service),
        hook: null,
        rules: [
          ...undirected(service, windows, "accept"),
          ...hideRules(service, windows, verdict),
        ],
      })),
    ]),
  ];
}

/** Judges a further SYN of a connection that a door has let in. */
export function judgeChain({ port }: Service): string {
  return `judge${port}`;
}
/** Judges a SYN that came to the service's own port. */
export function hideChain({ port }: Service): string {
  return `hide${port}`;
}
/** Judges what came to the service's own port and neither opens a connection nor belongs to one. */
export function refuseChain({ port }: Service): string {
  return `refuse${port}`;
}
function portRules(policy: Policy, window: Window): string[] {
  const services = tcpServices(policy);
  const own = new Set([...services.map(({ port }) => port), policy.tarpitPort]);
  const names = new Set(policy.services.map(({ name }) => name));
  const verdicts = new Map<number, string>();
  for (const port of window.traps) verdicts.set(port, own.has(port) ? "wire" : "trap");
  // A door of a service that this policy does not have leads nowhere, and its port is no trap either.
  for (const { service, port } of window.doors) {
    if (!names.has(service)) verdicts.delete(port);
  }
  const restricted: string[] = [];
  for (const service of services) {
    const access = accessTo(service.name, window);
    for (const port of access.open) verdicts.set(port, doorChain(service));
    for (const [port, networks] of access.restricted) {
      restricted.push(
        ...fromNetworks(networks).map((source) =>
          `${during(window)} tcp dport ${port} ${source} goto ${doorChain(service)}`
        ),
      );
    }
  }
  if (verdicts.size === 0) return restricted;
  const map = [...verdicts].map(([port, chain]) => `${port} : goto ${chain}`).join(", ");
  // A source in none of the networks goes on: for it the port is a trap.
  return [...restricted, `${during(window)} tcp dport vmap { ${map} }`];
}

/**
 * A connection that was begun and never completed keeps its redirect: without this it would be a ticket
 * for as long as its SYN is repeated.
 */
export function judgeRules(service: Service, windows: readonly Window[]): string[] {
  const open = windows.flatMap((window) =>
    portsTo(service, window).map((port) =>
      `${during(window)} meta l4proto ${
        service.proto ?? "tcp"
      } ct original proto-dst ${port} accept`
    )
  );
  return [...open, "drop"];
}

/** @param verdict for what came straight to the port of a hidden service */
export function hideRules(service: Service, windows: readonly Window[], verdict: string): string[] {
  if (!service.hidden) return [];
  // A door to a service at its own port needs no redirect, so it has none.
  const open = windows.flatMap((window) => {
    const { open, restricted } = accessTo(service.name, window);
    if (open.includes(service.port)) return [`${during(window)} accept`];
    const networks = restricted.get(service.port) ?? [];
    return fromNetworks(networks).map((source) => `${during(window)} ${source} accept`);
  });
  const limit = service.fail === "open" ? `meta time < ${horizonOf(windows)} ` : "";
  return [...open, `${limit}${verdict}`];
}

function portsTo(service: Service, window: Window): number[] {
  const { open, restricted } = accessTo(service.name, window);
  return [...open, ...restricted.keys()];
}

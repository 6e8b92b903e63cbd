import type { Address } from "../os/address.ts";
import type { Window } from "../schedule/windows.ts";
import type { Policy, Service } from "./policy.ts";

/** The services of a policy that speak TCP. */
export function tcpServices({ services }: Policy): Service[] {
  return services.filter(({ proto }) => proto !== "udp");
}

/** Those that speak UDP. */
export function udpServices({ services }: Policy): Service[] {
  return services.filter(({ proto }) => proto === "udp");
}

/** The ports that lead to a service in a window, each once, by who may use them. */
export interface Access {
  /** Ports for all networks. */
  readonly open: readonly number[];
  /** Ports for some networks alone. */
  readonly restricted: ReadonlyMap<number, readonly Address[]>;
}

/**
 * Sorts the doors of a service. A port that several users share is open to every source that one of them allows.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const from = [{ family: 4, text: "192.0.2.0/24" }] as const;
 * const doors = [
 *   { service: "ssh", port: 4000, user: "alice", from },
 *   { service: "ssh", port: 5000, user: "bob" },
 * ];
 * const { open, restricted } = accessTo("ssh", { minute: 0, from: 0, until: 60, doors, traps: [4000] });
 * assertEquals([open, [...restricted]], [[5000], [[4000, from]]]);
 * ```
 */
export function accessTo(service: string, { doors }: Window): Access {
  const own = doors.filter((door) => door.service === service);
  const open = new Set(own.filter(({ from }) => from === undefined).map(({ port }) => port));
  const restricted = new Map<number, readonly Address[]>();
  for (const { port, from } of own) {
    if (from === undefined || open.has(port)) continue;
    restricted.set(port, [...restricted.get(port) ?? [], ...from]);
  }
  return { open: [...open], restricted };
}

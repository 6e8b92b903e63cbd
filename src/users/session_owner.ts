import type { Arrival } from "./arrival_ledger.ts";

/** An open connection to a service. */
export interface OpenSession {
  /** Where it comes from. */
  readonly address: string;
  /** The port by which it came in; null if the kernel no longer knows. */
  readonly askedPort: number | null;
}

/** Whether a session is a user's: `maybe` where it may belong to another user. */
export type Ownership = "yes" | "no" | "maybe";

/**
 * Tells whether an open session came in by a port of a user. Where the port is known, the user who came by
 * that port from that address has it; else one who came from that address.
 *
 * @param fresh ports of the user in the last minutes, which may not have been recorded yet
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const home = { service: "ssh", address: "192.0.2.7", at: 0 };
 * const arrivals = [{ user: "alice", port: 4711, ...home }, { user: "bob", port: 4712, ...home }];
 * const of = (askedPort: number | null) =>
 *   ownership("alice", { address: "192.0.2.7", askedPort }, arrivals, new Set([4799]));
 * assertEquals([4711, 4712, 4799, null].map(of), ["yes", "no", "yes", "maybe"]);
 * ```
 */
export function ownership(
  user: string,
  { address, askedPort }: OpenSession,
  arrivals: Iterable<Arrival>,
  fresh: ReadonlySet<number>,
): Ownership {
  const owners = new Set<string>();
  for (const each of arrivals) {
    if (each.address !== address) continue;
    if (askedPort === null || each.port === askedPort) owners.add(each.user);
  }
  if (askedPort !== null && fresh.has(askedPort)) owners.add(user);
  if (!owners.has(user)) return "no";
  return owners.size === 1 ? "yes" : "maybe";
}

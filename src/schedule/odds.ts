import { CANARY_SERVICE } from "./open_doors.ts";
import type { Door } from "./windows.ts";

/** What a scan meets in a minute, in whichever order it asks. */
export interface Odds {
  /** Ports that lead to a service. */
  readonly real: number;
  readonly traps: number;
  /** One in so many scans meets a service before a trap. */
  readonly oneIn: number;
}

/**
 * The odds that a scan meets a service before a trap: `real / (real + traps)`, in whichever order it asks,
 * for it cannot tell the ports from each other. A port over UDP is none that a scan for connections meets, and
 * a canary's leads to no service and bans no one.
 *
 * @returns null where no port leads to a service
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const doors = [4000, 4001].map((port) => ({ service: "ssh", port, user: "alice" }));
 * assertEquals(oddsOf(doors, 30), { real: 2, traps: 30, oneIn: 16 });
 * assertEquals(oddsOf([], 30), null);
 * ```
 */
export function oddsOf(doors: readonly Door[], traps: number): Odds | null {
  const real = new Set(doors.filter(isReal).map(({ port }) => port)).size;
  return real === 0 ? null : { real, traps, oneIn: Math.floor((real + traps) / real) };
}

/**
 * Whether a scan that meets this port has met a service.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const door = { service: "wg", port: 4000, user: "alice" };
 * assertEquals([isReal(door), isReal({ ...door, proto: "udp" })], [true, false]);
 * ```
 */
export function isReal({ service, proto }: Door): boolean {
  return service !== CANARY_SERVICE && proto !== "udp";
}

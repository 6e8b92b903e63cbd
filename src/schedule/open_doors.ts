import { SSH_SERVICE } from "./derivation.ts";
import type { Door, MinutePlan, PortPolicy, RefusedDoor } from "./windows.ts";

/**
 * The service behind the ports of a key that is watched for, in a canary: no service of its own, and none can be
 * given it.
 */
export const CANARY_SERVICE = "canary";

/** The doors of a minute that are open, and those that lost their ports. */
export interface Contest {
  readonly minute: number;
  readonly open: readonly Door[];
  readonly refused: readonly RefusedDoor[];
}

/**
 * Tells which doors win their ports. A port in use on this machine stays shut; then SSH wins,
 * of whichever user; then the service that stands first in the plan; then canaries. Doors of one service
 * may share a port. Where windows overlap the same goes for all that are open at a moment, and of two
 * services that neither go before the other the one of the earlier minute wins.
 *
 * @param plans consecutive minutes
 * @param reach how many minutes on either side have windows that overlap with a minute's own
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const doors = [
 *   { service: "ssh", port: 4000, user: "alice" },
 *   { service: "ssh", port: 4000, user: "bob" },
 *   { service: "postgres", port: 4000, user: "carol" },
 * ];
 * const none = new Set<number>();
 * const policy = { grace: 0, taken: none, occupied: none, tripwires: [], own: none };
 * const [contest] = openDoors([{ minute: 100, doors, traps: [] }], policy, 0);
 * assertEquals(contest?.open.map(({ user }) => user), ["alice", "bob"]);
 * assertEquals(contest?.refused.map(({ user, by }) => [user, by]), [["carol", "ssh"]]);
 * ```
 */
export function openDoors(
  plans: readonly MinutePlan[],
  policy: PortPolicy,
  reach: number,
): Contest[] {
  const contests: Contest[] = [];
  for (const [at, { minute, doors }] of plans.entries()) {
    const open: Door[] = [];
    const refused: RefusedDoor[] = [];
    const winners = new Map<number, string>();
    const before = byPort(contests.slice(Math.max(0, at - reach)).flatMap(({ open }) => open));
    const after = byPort(plans.slice(at + 1, at + 1 + reach).flatMap(({ doors }) => doors));
    for (const door of doors) {
      const { port, service } = door;
      const isTaken = policy.taken.has(port) && !policy.own.has(port);
      const later = after.get(port);
      const winner = winners.get(port) ?? before.get(port) ??
        (later !== undefined && rankOf(later) < rankOf(service) ? later : service);
      if (isTaken || winner !== service) {
        refused.push({ ...door, minute, by: isTaken ? null : winner });
        continue;
      }
      winners.set(port, service);
      open.push(door);
    }
    contests.push({ minute, open, refused });
  }
  return contests;
}

/** SSH before all, and what leads to no service behind all. */
function rankOf(service: string): number {
  return service === SSH_SERVICE ? 0 : service === CANARY_SERVICE ? 2 : 1;
}

/** The service that has a port, and of several the one that goes first. */
function byPort(doors: readonly Door[]): Map<number, string> {
  const services = new Map<number, string>();
  for (const { port, service } of doors) {
    const known = services.get(port);
    if (known === undefined || rankOf(service) < rankOf(known)) services.set(port, service);
  }
  return services;
}

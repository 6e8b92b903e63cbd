import type { Address } from "../os/address.ts";
import { MINUTE_MS, minuteStart } from "./minute.ts";
import { openDoors } from "./open_doors.ts";

/** A port that leads to a service for one minute. */
export interface Door {
  /** The name of the service: `ssh`, or one that the configuration names. */
  readonly service: string;
  readonly port: number;
  /** Whose key names this port; `default` is the server's own key. */
  readonly user: string;
  /** The networks that it is open from, at least one; without it, from anywhere. */
  readonly from?: readonly Address[];
  /** What its service speaks; TCP unless given. */
  readonly proto?: "udp";
}

/**
 * A door that has an address of its own for one minute, in the network of the policy, beside the port that
 * its user has at all other addresses.
 */
export interface AddressDoor extends Omit<Door, "proto"> {
  /** An IPv6 address in its canonical spelling. */
  readonly address: string;
}

/** One minute's ports, and the time in which they are open. */
export interface Window {
  /** UTC minutes since 1970. */
  readonly minute: number;
  /** When it opens: whole unix seconds. */
  readonly from: number;
  /** When it closes: whole unix seconds, the first at which it is shut. */
  readonly until: number;
  /** No two of them have the same port and different services. */
  readonly doors: readonly Door[];
  /**
   * The traps; none is a door of this window or of one that overlaps it, unless that is open from some
   * networks alone: for all others its port is a trap. There are none over UDP.
   */
  readonly traps: readonly number[];
  /** The doors that have an address of their own; where there is none, neither is this. */
  readonly addressDoors?: readonly AddressDoor[];
}

/** What the keys say of one minute, before anything on this machine has a say. */
export interface MinutePlan {
  readonly minute: number;
  /** Every port that a key names, the one that wins a port first. */
  readonly doors: readonly Door[];
  /** In the order of the schedule. */
  readonly traps: readonly number[];
  /** Doors with an address of their own: no other port of this machine stands in their way. */
  readonly addressDoors?: readonly AddressDoor[];
}

/** What decides over ports beside the keys. */
export interface PortPolicy {
  /** Seconds for which a minute's ports are open before and after it, 0 to 60. */
  readonly grace: number;
  /** Ports of services of this machine, of other rules, and those the administrator excludes: never opened. */
  readonly taken: ReadonlySet<number>;
  /** Ports that an ordinary user listens on: no traps, but a door goes before them. */
  readonly occupied: ReadonlySet<number>;
  /** Ports that are traps in every minute. */
  readonly tripwires: readonly number[];
  /** Where services over TCP and the tarpit listen: redirects lead to them, so they are not taken. */
  readonly own: ReadonlySet<number>;
}

/** A door that is not opened, and what has its port. */
export interface RefusedDoor extends Door {
  readonly minute: number;
  /** The service that has the port, or null if something else on this machine has it. */
  readonly by: string | null;
}

/** Windows, and the doors that could not be opened in them. */
export interface Windows {
  readonly windows: readonly Window[];
  readonly refused: readonly RefusedDoor[];
}

/** Beyond so many seconds of grace a window reaches into the minute after the next. */
const HALF_MINUTE = 30;

/**
 * The windows of some minutes. Who wins a port: what has it already, then SSH, also that of a window which
 * overlaps, then the other doors in their order, then what an ordinary user listens on, then tripwires,
 * then traps. A trap is no door of the minutes beside it either, so that a client whose clock is off meets
 * none.
 *
 * @param plans consecutive minutes; of those at either end the neighbours are not known, so their windows
 * are not among the results unless they are the first of time
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const plans = [4000, 5000, 6000].map((port, i) => ({
 *   minute: 100 + i,
 *   doors: [{ service: "ssh", port, user: "default" }],
 *   traps: [port + 1, 6000],
 * }));
 * const none = new Set<number>();
 * const policy = { grace: 15, taken: none, occupied: none, tripwires: [], own: none };
 * const { windows } = windowsOf(plans, policy);
 * assertEquals(windows.map(({ minute, from, until }) => [minute, from, until]), [[101, 6045, 6135]]);
 * assertEquals(windows[0]?.traps, [5001]);
 * ```
 */
export function windowsOf(plans: readonly MinutePlan[], policy: PortPolicy): Windows {
  const reach = policy.grace > HALF_MINUTE ? 2 : 1;
  const contests = openDoors(plans, policy, policy.grace > 0 ? reach : 0);
  const windows: Window[] = [];
  const refused: RefusedDoor[] = [];
  for (let at = 0; at < plans.length; at++) {
    const plan = plans[at]!;
    const isFirst = at < reach && plans[0]!.minute > 0;
    if (isFirst || at + reach >= plans.length) continue;
    const around = plans.slice(Math.max(0, at - reach), at + reach + 1);
    const { open: doors, refused: lost } = contests[at]!;
    refused.push(...lost);
    const near = new Set(around.flatMap((each) => each.doors.map(({ port }) => port)));
    windows.push({
      minute: plan.minute,
      from: Math.max(0, minuteStart(plan.minute) / 1000 - policy.grace),
      until: (minuteStart(plan.minute) + MINUTE_MS) / 1000 + policy.grace,
      doors,
      traps: [...trapsOf(plan, policy, near), ...restrictedPorts(doors, around)],
      ...(plan.addressDoors === undefined ? {} : { addressDoors: plan.addressDoors }),
    });
  }
  return { windows, refused };
}

/**
 * How many minutes {@linkcode windowsOf} wants to know on either side of those whose windows it gives.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([0, 15, 60].map(minutesBeside), [1, 1, 2]);
 * ```
 */
export function minutesBeside(grace: number): number {
  return grace > HALF_MINUTE ? 2 : 1;
}

/**
 * The windows that are open at a moment.
 *
 * @param seconds unix seconds, with fractions
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const window = { minute: 101, from: 6045, until: 6135, doors: [], traps: [] };
 * assertEquals([6044.9, 6045, 6135].map((at) => openAt([window], at).length), [0, 1, 0]);
 * ```
 */
export function openAt(windows: readonly Window[], seconds: number): Window[] {
  return windows.filter(({ from, until }) => seconds >= from && seconds < until);
}

/**
 * When the last of some windows closes, unix seconds; 0 without any.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const window = { minute: 101, from: 6045, until: 6135, doors: [], traps: [] };
 * assertEquals(horizonOf([window, { ...window, until: 6195 }]), 6195);
 * assertEquals(horizonOf([]), 0);
 * ```
 */
export function horizonOf(windows: readonly Window[]): number {
  return windows.reduce((latest, { until }) => Math.max(latest, until), 0);
}

function trapsOf(plan: MinutePlan, policy: PortPolicy, near: ReadonlySet<number>): number[] {
  const { taken, occupied, own, tripwires } = policy;
  const isFree = (port: number): boolean =>
    !near.has(port) && !taken.has(port) && !occupied.has(port) && !own.has(port);
  // The hidden port itself may be a tripwire: a direct connection to it is looking for sshd.
  const wires = tripwires.filter((port) => own.has(port) ? !near.has(port) : isFree(port));
  return [...new Set([...plan.traps.filter(isFree), ...wires])];
}

/** Ports of doors that are open from some networks alone, unless they are another user's who has no such limit. */
function restrictedPorts(doors: readonly Door[], around: readonly MinutePlan[]): number[] {
  const restricted = new Set(
    doors.filter(({ from, proto }) => from !== undefined && proto !== "udp")
      .map(({ port }) => port),
  );
  const all = around.flatMap((each) => each.doors);
  for (const { port, from } of all) if (from === undefined) restricted.delete(port);
  return [...restricted];
}

import { Schedule } from "../../src/schedule/schedule.ts";
import {
  minutesBeside,
  type PortPolicy,
  type Window,
  windowsOf,
} from "../../src/schedule/windows.ts";
import type { Random } from "./random.ts";

/** What a probe of a port meets; 0 where nothing answers. */
export const SSH = 1, TRAP = 2;

/** What stands at each port of one moment, indexed by port. */
export type Roles = Uint8Array;

/** The first minute simulated: noon UTC of the day the idea was published, 13 November 2007. */
export const FIRST_MINUTE = Date.UTC(2007, 10, 13, 12) / 60_000;

/** The real schedule of a key that comes from the seed. */
export function scheduleOf(random: Random): Promise<Schedule> {
  return Schedule.of({ kind: "random", bytes: random.bytes(32) });
}

/** A table of what stands where. */
export function rolesOf(ssh: readonly number[], traps: readonly number[]): Roles {
  const roles = new Uint8Array(65536);
  for (const port of traps) roles[port] = TRAP;
  for (const port of ssh) roles[port] = SSH;
  return roles;
}

/** What stands where in one minute of the schedule, apart from any grace. */
export async function rolesIn(schedule: Schedule, minute: number, traps: number): Promise<Roles> {
  const ports = await schedule.ports(minute, traps);
  return rolesOf([ports.ssh], ports.traps);
}

/** On a machine that needs no port for itself. */
export const NOTHING_ELSE: PortPolicy = {
  grace: 0,
  taken: new Set(),
  occupied: new Set(),
  tripwires: [],
  own: new Set(),
};

/**
 * The windows of some minutes, and of those beside them that may still be open or open already.
 *
 * @param traps how many a minute has
 */
export async function windowsAround(
  schedule: Schedule,
  first: number,
  minutes: number,
  traps: number,
  policy: Partial<PortPolicy>,
): Promise<readonly Window[]> {
  const complete = { ...NOTHING_ELSE, ...policy };
  const beside = 2 * minutesBeside(complete.grace);
  const plans = Array.from({ length: minutes + 2 * beside }, async (_, i) => {
    const minute = first - beside + i;
    const ports = await schedule.ports(minute, traps);
    const door = { service: "ssh", port: ports.ssh, user: "default" };
    return { minute, doors: [door], traps: ports.traps };
  });
  return windowsOf(await Promise.all(plans), complete).windows;
}

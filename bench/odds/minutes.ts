import { Schedule } from "../../src/core/schedule.ts";
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

import type { MinutePorts } from "../../src/core/schedule.ts";
import { Schedule } from "../../src/core/schedule.ts";
import type { Random } from "./random.ts";

/** What a probe of a port meets. */
export const CLOSED = 0, SSH = 1, TRAP = 2;

/** What stands at each port of one moment, indexed by port. */
export type Roles = Uint8Array;

/** The first minute simulated: noon UTC of the day the idea was published, 13 November 2007. */
export const FIRST_MINUTE = Date.UTC(2007, 10, 13, 12) / 60_000;

/** The real schedule of a key that comes from the seed. */
export function scheduleOf(random: Random): Promise<Schedule> {
  return Schedule.of({ kind: "random", bytes: random.bytes(32) });
}

/** A table of what stands where, from the ports of a minute. */
export function rolesOf({ ssh, traps }: Pick<MinutePorts, "ssh" | "traps">): Roles {
  const roles = new Uint8Array(65536);
  for (const port of traps) roles[port] = TRAP;
  roles[ssh] = SSH;
  return roles;
}

/** Minutes of the real schedule, one after the other. */
export async function* realMinutes(
  schedule: Schedule,
  traps: number,
  count: number,
): AsyncGenerator<Roles> {
  for (let i = 0; i < count; i++) yield rolesOf(await schedule.ports(FIRST_MINUTE + i, traps));
}

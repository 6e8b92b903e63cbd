/** What `--tripwire` does to scanners that try more than the range of the schedule. */

import { chance, type Curve, type Effort, type Figure, type Point, trialsFor } from "./figure.ts";
import { firstIsSsh } from "./formulas.ts";
import {
  FIRST_MINUTE,
  type Roles,
  rolesOf,
  scheduleOf,
  SSH,
  TRAP,
  windowsAround,
} from "./minutes.ts";
import { type Random, RandomOrder } from "./random.ts";

const TRAPS = 15;
const ALL_PORTS = 65535;
/** Ports that bots knock at first. */
const WIRES = [22, 23, 21, 25, 80, 110, 139, 443, 445, 143, 53, 135, 993, 995, 111, 199];
const COUNTS = [0, 1, 2, 4, 8, 16];
/** Minutes of the real schedule, for scanners whose order is always the same. */
const MINUTES = 250;

/** Chance of one address to meet sshd before a trap, by the number of tripwires below the range. */
export async function tripwires(random: Random, { probes }: Effort): Promise<Figure> {
  const order = new RandomOrder(1, ALL_PORTS, random);
  const scans = trialsFor(probes, ALL_PORTS / (TRAPS + 1));
  const worlds = new Map<number, Roles[]>();
  for (const wires of COUNTS) worlds.set(wires, await minutesWith(random, WIRES.slice(0, wires)));
  const curve = (
    name: string,
    formula: string,
    odds: (wires: number) => number,
    portAt: (place: number) => number,
    trials: number,
  ): Curve => ({
    name,
    formula,
    points: COUNTS.map((wires): Point => {
      let met = 0;
      for (let i = 0; i < trials; i++) {
        if (meetsSsh(worlds.get(wires)![i % MINUTES]!, portAt)) met++;
      }
      return chance(wires, odds(wires), met, trials);
    }),
  });
  return {
    name: "tripwires",
    title: `One address tries the ports 1-65535, ${TRAPS} traps: chance to meet sshd first`,
    x: { name: "tripwires", scale: "linear", step: 4 },
    y: { name: "chance", scale: "linear", unit: "chance" },
    curves: [
      curve(
        "in random order",
        "1/(t+1+w)",
        (w) => firstIsSsh(TRAPS + w),
        (i) => order.at(i),
        scans,
      ),
      curve(
        "from port 1 upward",
        "1/(t+1), then 0",
        (w) => w === 0 ? firstIsSsh(TRAPS) : 0,
        (place) => place + 1,
        MINUTES,
      ),
    ],
  };
}

function meetsSsh(roles: Roles, portAt: (place: number) => number): boolean {
  for (let place = 0;; place++) {
    const role = roles[portAt(place)];
    if (role === SSH || role === TRAP) return role === SSH;
  }
}

async function minutesWith(random: Random, wires: readonly number[]): Promise<Roles[]> {
  const schedule = await scheduleOf(random);
  const windows = await windowsAround(schedule, FIRST_MINUTE, MINUTES, TRAPS, {
    tripwires: wires,
  });
  return windows.filter(({ minute }) => minute >= FIRST_MINUTE).slice(0, MINUTES)
    .map(({ doors, traps }) => rolesOf(doors.map(({ port }) => port), traps));
}

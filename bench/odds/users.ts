/** One address that scans a server of many users, each with a port of their own. */

import { sizeOf } from "../../src/schedule/ports.ts";
import { isReal } from "../../src/schedule/odds.ts";
import { type MinutePlan, windowsOf } from "../../src/schedule/windows.ts";
import { PortPlanner, trapCount } from "../../src/users/port_planner.ts";
import type { User } from "../../src/users/registry.ts";
import { chance, type Curve, type Effort, type Figure, trialsFor } from "./figure.ts";
import { firstIsReal, N } from "./formulas.ts";
import { FIRST_MINUTE, NOTHING_ELSE, type Roles, rolesOf, SSH } from "./minutes.ts";
import { type Random, RandomOrder } from "./random.ts";

const USERS = [1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000];
/** Traps for each port that leads to a service. */
const PER_PORT = [15, 255, 4095];
/** Minutes of the real schedule for each point, at most. */
const MOST_MINUTES = 6;
const LOW = 1024;

/** Chance to meet a service before a trap, by the number of users. */
export async function manyUsers(random: Random, effort: Effort): Promise<Figure> {
  const curves: Curve[] = [];
  for (const perPort of PER_PORT) curves.push(await withTraps(perPort, random, effort));
  return {
    name: "odds-by-users",
    title: "One address scans a server of many users: chance to meet a service before a trap",
    x: { name: "users", scale: "log" },
    y: { name: "chance", scale: "log", unit: "chance" },
    curves,
  };
}

async function withTraps(perPort: number, random: Random, { probes }: Effort): Promise<Curve> {
  const order = new RandomOrder(LOW, N, random);
  const minutes = Math.min(MOST_MINUTES, probes);
  const points = [];
  for (const users of USERS) {
    const traps = trapCount(perPort, users, { low: LOW, high: LOW + N - 1 });
    const worlds = await minutesOf(users, perPort, random, minutes);
    const scans = trialsFor(probes, N / (users + traps + 1));
    let met = 0;
    for (let i = 0; i < scans; i++) if (meetsReal(worlds[i % minutes]!, order)) met++;
    points.push(chance(users, firstIsReal(N, users, traps), met, scans));
  }
  const name = `${perPort} traps for each port`;
  return { name, formula: "s/(s+t), t at most N/2", points };
}

function meetsReal(roles: Roles, order: RandomOrder): boolean {
  for (let place = 0;; place++) {
    const role = roles[order.at(place)];
    if (role) return role === SSH;
  }
}

/** Some minutes as `serve` would open them, for users with keys that come from the seed. */
async function minutesOf(
  count: number,
  traps: number,
  random: Random,
  minutes: number,
): Promise<Roles[]> {
  const users = Array.from({ length: count }, (_, i): User => ({
    name: `user${i}`,
    key: { kind: "random", bytes: random.bytes(32) },
    services: ["ssh"],
    expires: null,
    from: [],
    state: "open",
    fingerprint: null,
  }));
  const trapKey = random.bytes(32);
  const planner = await PortPlanner.of(
    { users, services: [], traps },
    () => Promise.resolve({ kind: "random", bytes: trapKey }),
  );
  if (sizeOf(planner.range) !== N) throw new Error("another range");
  const plans: MinutePlan[] = [];
  for (let i = -1; i <= minutes; i++) plans.push(await planner.plan(FIRST_MINUTE + i));
  return windowsOf(plans, NOTHING_ELSE).windows.map(({ doors, traps }) =>
    rolesOf(doors.filter(isReal).map(({ port }) => port), traps)
  );
}

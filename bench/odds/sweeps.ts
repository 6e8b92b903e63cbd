/** One address that tries every port of the range until its ban. */

import { type PortRange, sizeOf } from "../../src/schedule/ports.ts";
import type { Schedule } from "../../src/schedule/schedule.ts";
import { chance, type Curve, type Effort, type Figure, mean, trialsFor } from "./figure.ts";
import { firstIsSsh, N, probesUntilBanned } from "./formulas.ts";
import { FIRST_MINUTE, type Roles, rolesIn, scheduleOf, SSH, TRAP } from "./minutes.ts";
import { type Random, RandomOrder } from "./random.ts";

const TRAPS = [1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 2047, 4095, 8191, 16383];
/** Where a minute of the real schedule for each scan is still cheap. */
const FEW_TRAPS = TRAPS.filter((traps) => traps <= 127);

/** How a scan went. */
interface Scan {
  /** Whether it met sshd before its ban. */
  readonly met: boolean;
  /** Probes sent, the one that brought the ban included. */
  readonly probes: number;
}

/** Chance to meet sshd first, by the number of traps. */
export async function sweeps(random: Random, effort: Effort): Promise<Figure> {
  const schedule = await scheduleOf(random);
  return {
    name: "sshd-first",
    title: "One address tries all ports: chance to meet sshd before a trap",
    x: { name: "traps", scale: "log" },
    y: { name: "chance", scale: "log", unit: "chance" },
    labels: [15, 255, 4095],
    curves: [
      await shuffledSweeps(schedule, random, effort),
      await upwardSweeps(schedule, effort),
    ],
  };
}

/** Probes until the ban, by the number of traps: a whole sweep in one minute, or a probe a minute. */
export async function untilBanned(random: Random, effort: Effort): Promise<Figure> {
  const schedule = await scheduleOf(random);
  return {
    name: "until-banned",
    title: "Probes until the ban, on average",
    x: { name: "traps", scale: "log" },
    y: { name: "probes", scale: "log" },
    labels: [15, 255, 4095],
    curves: [
      await lengths(schedule, random, effort, "all ports in one minute", "(N+1)/(t+1)", N),
      await lengths(schedule, random, effort, "one port a minute", "N/t", 1),
    ],
  };
}

/** Scans whose only chance is the schedule: from the lowest port upward, a minute for each. */
async function upwardSweeps(schedule: Schedule, { probes }: Effort): Promise<Curve> {
  const points = [];
  for (const traps of FEW_TRAPS) {
    // To compute a minute takes as long as some hundred probes.
    const scans = trialsFor(probes / 10, N / (traps + 1));
    let met = 0;
    for (let i = 0; i < scans; i++) {
      const roles = await rolesIn(schedule, FIRST_MINUTE + i, traps);
      if (scanUpward(roles, schedule.range).met) met++;
    }
    points.push(chance(traps, firstIsSsh(traps), met, scans));
  }
  return { name: "upward, each in its own minute", formula: "1/(t+1)", points };
}

/** Scans in an order that is random each time. */
async function shuffledSweeps(
  schedule: Schedule,
  random: Random,
  { probes }: Effort,
): Promise<Curve> {
  const points = [];
  for (const traps of TRAPS) {
    const scans = trialsFor(probes, N / (traps + 1));
    const scan = await shuffledScanner(schedule, traps, random);
    let met = 0;
    for (let i = 0; i < scans; i++) if (scan(N).met) met++;
    points.push(chance(traps, firstIsSsh(traps), met, scans));
  }
  return { name: "in random order", formula: "1/(t+1)", points };
}

async function lengths(
  schedule: Schedule,
  random: Random,
  { probes }: Effort,
  name: string,
  formula: string,
  perMinute: number,
): Promise<Curve> {
  const points = [];
  for (const traps of TRAPS) {
    const expected = probesUntilBanned(N, traps, perMinute);
    const scans = trialsFor(probes, expected);
    const scan = await shuffledScanner(schedule, traps, random);
    let sum = 0, squares = 0;
    for (let i = 0; i < scans; i++) {
      const { probes } = scan(perMinute);
      sum += probes;
      squares += probes ** 2;
    }
    points.push(mean(traps, expected, sum, squares, scans));
  }
  return { name, formula, points };
}

function scanUpward(roles: Roles, range: PortRange): Scan {
  let met = false;
  for (let port = range.low; port <= range.high; port++) {
    if (roles[port] === TRAP) return { met, probes: port - range.low + 1 };
    if (roles[port] === SSH) met = true;
  }
  throw new Error("a range has traps");
}

/**
 * A scanner whose order is another one at each scan, and begins anew after `perMinute` ports.
 *
 * To such a scanner one minute is as good as another: whatever stands where, each open port is the
 * first it meets with the same chance. So a single minute of the schedule serves all scans.
 */
async function shuffledScanner(
  schedule: Schedule,
  traps: number,
  random: Random,
): Promise<(perMinute: number) => Scan> {
  const order = new RandomOrder(schedule.range.low, sizeOf(schedule.range), random);
  const roles = await rolesIn(schedule, FIRST_MINUTE, traps);
  return (perMinute) => {
    let met = false;
    for (let probes = 1;; probes++) {
      const role = roles[order.at((probes - 1) % perMinute)];
      if (role === TRAP) return { met, probes };
      if (role === SSH) met = true;
    }
  };
}

/** What `--grace` costs: around a change of minute a second SSH port is open. */

import { minuteStart } from "../../src/core/minute.ts";
import { openingAt } from "../../src/core/opening.ts";
import { sizeOf } from "../../src/core/ports.ts";
import type { Schedule } from "../../src/core/schedule.ts";
import { chance, type Curve, type Effort, type Figure, trialsFor } from "./figure.ts";
import { anyMoment, atTheChange, N, slowly } from "./formulas.ts";
import { FIRST_MINUTE, type Roles, rolesOf, scheduleOf, SSH, TRAP } from "./minutes.ts";
import { type Random, RandomOrder } from "./random.ts";

const TRAPS = 15;
const GRACES = [0, 1, 5, 10, 15, 20, 25, 30, 45, 60];
const MINUTES = 20;

/** A scan by one address until it meets something: whether that was sshd. */
type Scan = (moments: readonly Roles[]) => boolean;

/** Chance of one address to meet sshd before a trap, by the seconds of grace. */
export async function graces(random: Random, { probes }: Effort): Promise<Figure> {
  const schedule = await scheduleOf(random);
  const order = new RandomOrder(schedule.range.low, sizeOf(schedule.range), random);
  const moments = new Map<number, Roles[]>();
  for (const grace of GRACES) moments.set(grace, await everySecond(schedule, grace));
  const scans = trialsFor(probes, N / (TRAPS + 1));
  const curve = (
    name: string,
    formula: string,
    odds: (t: number, grace: number) => number,
    scan: Scan,
  ): Curve => ({
    name,
    formula,
    points: GRACES.map((grace) => {
      let met = 0;
      for (let i = 0; i < scans; i++) if (scan(moments.get(grace)!)) met++;
      return chance(grace, odds(TRAPS, grace), met, scans);
    }),
  });
  const sweep = (roles: Roles): boolean => {
    for (let place = 0;; place++) {
      const role = roles[order.at(place)];
      if (role === SSH || role === TRAP) return role === SSH;
    }
  };
  const anyOf = (all: readonly Roles[]): Roles => all[random.below(all.length)]!;
  return {
    name: "grace",
    title: `One address, ${TRAPS} traps: chance to meet sshd before a trap`,
    x: { name: "seconds of grace", scale: "linear" },
    y: { name: "chance", scale: "linear", unit: "chance" },
    curves: [
      curve(
        "all ports just before a change",
        "s/(t+s) with s SSH ports open",
        atTheChange,
        (all) => {
          return sweep(all[random.below(MINUTES) * 60 + 59]!);
        },
      ),
      curve(
        "one port at a time, now and then",
        "(1+2g)/(t+1+2g) with g = grace/60 s",
        slowly,
        (all) => {
          for (;;) {
            const role = anyOf(all)[schedule.range.low + random.below(N)];
            if (role === SSH || role === TRAP) return role === SSH;
          }
        },
      ),
      curve(
        "all ports at any moment",
        "mean of s/(t+s) over a minute",
        anyMoment,
        (all) => sweep(anyOf(all)),
      ),
    ],
  };
}

/** What `serve` has open in each second of some minutes of the real schedule. */
async function everySecond(schedule: Schedule, grace: number): Promise<Roles[]> {
  const rules = { grace, taken: new Set<number>(), tripwires: [], own: new Set<number>() };
  const moments: Roles[] = [];
  for (let minute = FIRST_MINUTE; minute < FIRST_MINUTE + MINUTES; minute++) {
    const [previous, current, next] = await Promise.all(
      [minute - 1, minute, minute + 1].map((each) => schedule.ports(each, TRAPS)),
    );
    const ports = { previous: previous!, current: current!, next: next! };
    for (let second = 0; second < 60; second++) {
      const { ssh, traps } = openingAt(minuteStart(minute) + second * 1000, ports, rules);
      moments.push(rolesOf(ssh.map(({ port }) => port), traps.map(({ port }) => port)));
    }
  }
  return moments;
}

/** The owner of an IPv6 network, whose network is banned as well when many of its /64 are. */

import { Ladder } from "../../src/bans/ladder.ts";
import { type Address, networksOf, parseBanned } from "../../src/os/address.ts";
import { type Curve, type Effort, type Figure, mean, type Point, trialsFor } from "./figure.ts";
import { climbable, N, together } from "./formulas.ts";
import { NETWORK_TRAPS, PREFIXES, searchTogether, simulate } from "./addresses.ts";
import { FIRST_MINUTE, rolesIn, scheduleOf, TRAP } from "./minutes.ts";
import { type Random, RandomOrder } from "./random.ts";

/** A /48, whose owner is the strongest attacker here. */
const WIDE = 48;
/** How many /64 it holds. */
const UNITS = 2 ** (64 - WIDE);

/**
 * The /64 of a network in the order in which its owner has the most of them: as many of each /56 as do not
 * ban it, and only then the others.
 */
function* unitsOf(prefix: number): Generator<Address> {
  const narrow = 2 ** Math.max(0, 56 - prefix);
  const each = Math.min(256, 2 ** (64 - prefix));
  const unit = (i: number, at: number): Address =>
    parseBanned(`2001:db8:0:${(i * 256 + at).toString(16)}::`);
  for (let at = 0; at < Math.min(3, each); at++) {
    for (let i = 0; i < narrow; i++) yield unit(i, at);
  }
  for (let i = 0; i < narrow; i++) for (let at = 3; at < each; at++) yield unit(i, at);
}

/** How many addresses the owner of a network has before the real ladder has shut out all of it. */
export function addressesOf(prefix: number): number {
  const ladder = new Ladder();
  const shut = new Set<string>();
  let count = 0;
  for (const unit of unitsOf(prefix)) {
    if (networksOf(unit).some(({ text }) => shut.has(text))) continue;
    count++;
    for (const { text } of ladder.climb(unit, 0)) shut.add(text);
    if (shut.has(`2001:db8::/${WIDE}`)) break;
  }
  return count;
}

/** The chance to meet sshd, by the length of the prefix: one curve for each number of traps. */
export async function climbs(random: Random, effort: Effort): Promise<Curve[]> {
  const curves: Curve[] = [];
  for (const traps of NETWORK_TRAPS) {
    const points = PREFIXES.map((x) => ({
      x,
      k: addressesOf(x),
      odds: together(traps, climbable(x)),
    }));
    curves.push({
      name: `${traps} traps`,
      group: `${traps} traps`,
      formula: "min(1, k/(t+1)), k = 4 in a /56, 64 in a /48",
      points: await simulate(random, effort, traps, searchTogether, points),
    });
  }
  return curves;
}

/** How many ports the owner of a /48 tries in the 15 minutes of a first ban. */
export async function tries(random: Random, effort: Effort): Promise<Figure> {
  const schedule = await scheduleOf(random);
  const order = new RandomOrder(schedule.range.low, N, random);
  const laddered: Point[] = [], plain: Point[] = [];
  for (const traps of NETWORK_TRAPS) {
    const roles = await rolesIn(schedule, FIRST_MINUTE, traps);
    const alone = (N + 1) / (traps + 1);
    const scan = (): number => {
      for (let place = 0;; place++) if (roles[order.at(place)] === TRAP) return place + 1;
    };
    // One address after the other, each with the same mean: some of them stand for all.
    const sample = (count: number, expected: number): Point => {
      const trials = trialsFor(effort.probes, alone);
      let sum = 0, squares = 0;
      for (let i = 0; i < trials; i++) {
        const probes = count * scan();
        sum += probes;
        squares += probes ** 2;
      }
      return mean(traps, expected, sum, squares, trials);
    };
    laddered.push(sample(addressesOf(WIDE), climbable(WIDE) * alone));
    plain.push(sample(UNITS, UNITS * alone));
  }
  return {
    name: "ipv6-tries",
    title: "The owner of a /48: ports tried until all of it is banned",
    x: { name: "traps", scale: "log" },
    y: { name: "ports tried", scale: "log" },
    curves: [
      { name: "bans of networks as well", formula: "64 · (N+1)/(t+1)", points: laddered },
      { name: "bans of /64 alone", formula: "65,536 · (N+1)/(t+1)", points: plain },
    ],
  };
}

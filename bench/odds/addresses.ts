/** Many addresses of one attacker. */

import { sizeOf } from "../../src/schedule/ports.ts";
import { chance, type Curve, type Effort, type Figure, type Point, trialsFor } from "./figure.ts";
import { apart, N, shares, together } from "./formulas.ts";
import { FIRST_MINUTE, type Roles, rolesIn, scheduleOf, SSH, TRAP } from "./minutes.ts";
import { type Random, RandomOrder } from "./random.ts";

const TRAPS = [15, 255, 4095];
const ADDRESSES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
/** Prefixes that providers give to one customer, the smallest first. */
export const PREFIXES = [64, 62, 60, 58, 56, 54, 52, 50, 48];

/** Numbers of traps against the owner of a network. */
export const NETWORK_TRAPS = [...TRAPS, 16383];

/** A way to spend `k` addresses: whether they meet sshd. */
type Way = (roles: Roles, order: RandomOrder, k: number) => boolean;

/** Chance of a botnet to meet sshd, by its addresses. */
export async function botnets(random: Random, effort: Effort): Promise<Figure> {
  const curves: Curve[] = [];
  for (const traps of TRAPS) {
    const few = ADDRESSES.filter((k) => k <= 4 * (traps + 1));
    const curve = async (
      name: string,
      formula: string,
      way: Way,
      odds: (k: number) => number,
    ): Promise<void> => {
      const points = few.map((k) => ({ x: k, k, odds: odds(k) }));
      const found = await simulate(random, effort, traps, way, points);
      curves.push({
        name: `${traps} traps, ${name}`,
        group: `${traps} traps`,
        formula,
        points: found,
      });
    };
    await curve(
      "together in one minute",
      "min(1, k/(t+1))",
      searchTogether,
      (k) => together(traps, k),
    );
    // The other ways differ little; once is enough to see how.
    if (traps !== TRAPS[0]) continue;
    await curve("a minute each", "1-(t/(t+1))^k", searchApart, (k) => apart(traps, k));
    await curve(
      "a share of the ports each",
      "k/(t+1) · (1 - C(N-t-1, N/k)/C(N, N/k))",
      searchShares,
      (k) => shares(N, traps, k),
    );
  }
  return {
    name: "botnet",
    title: "k addresses of one attacker: chance to meet sshd",
    x: { name: "addresses", scale: "log" },
    y: { name: "chance", scale: "log", unit: "chance" },
    curves,
  };
}

/**
 * Chance of the owner of an IPv6 network to meet sshd, by the length of its prefix, where a ban never covers
 * more than a /64.
 */
export async function networks(random: Random, effort: Effort): Promise<Figure> {
  const curves: Curve[] = [];
  for (const traps of NETWORK_TRAPS) {
    const points = PREFIXES.map((x) => {
      // A ban covers a /64, so a network counts as many addresses as it holds of those.
      const k = 2 ** (64 - x);
      return { x, k, odds: together(traps, k) };
    });
    curves.push({
      name: `${traps} traps, bans of /64 alone`,
      group: `${traps} traps`,
      formula: "min(1, 2^(64-p)/(t+1))",
      points: await simulate(random, effort, traps, searchTogether, points),
    });
  }
  return {
    name: "ipv6-network",
    title: "An attacker with an IPv6 network: chance to meet sshd",
    x: { name: "length p of the prefix", scale: "linear", step: 4 },
    y: { name: "chance", scale: "log", unit: "chance" },
    curves,
  };
}

/** Spends addresses in one way, at each point as often as the effort is worth. */
export async function simulate(
  random: Random,
  { probes }: Effort,
  traps: number,
  way: Way,
  points: readonly { x: number; k: number; odds: number }[],
): Promise<Point[]> {
  const schedule = await scheduleOf(random);
  const roles = await rolesIn(schedule, FIRST_MINUTE, traps);
  const order = new RandomOrder(schedule.range.low, sizeOf(schedule.range), random);
  return points.map(({ x, k, odds }) => {
    const trials = trialsFor(probes, N * together(traps, k));
    let met = 0;
    for (let i = 0; i < trials; i++) if (way(roles, order, k)) met++;
    return chance(x, odds, met, trials);
  });
}

/** One list of ports for all: where an address ends the next goes on. */
export function searchTogether(roles: Roles, order: RandomOrder, k: number): boolean {
  let left = k;
  for (let place = 0;; place++) {
    const role = roles[order.at(place)];
    if (role === SSH) return true;
    if (role === TRAP && --left === 0) return false;
  }
}

/** Every address tries all ports, in a minute when no other does. */
function searchApart(roles: Roles, order: RandomOrder, k: number): boolean {
  for (let i = 0; i < k; i++) if (searchTogether(roles, order, 1)) return true;
  return false;
}

/** Every address tries its own part of the ports, and nobody tries what a banned one left. */
function searchShares(roles: Roles, order: RandomOrder, k: number): boolean {
  // Ports not tried are all alike, so the next address may as well go on with those left over.
  let place = 0;
  for (let address = 0; address < k; address++) {
    for (let i = 0; i < N / k; i++) {
      const role = roles[order.at(place++)];
      if (role === SSH) return true;
      if (role === TRAP) break;
    }
  }
  return false;
}

/** Many addresses that scan a fleet, whose servers ban alone or tell each other of bans. */

import { type Curve, type Effort, type Figure, mean, type Point, trialsFor } from "./figure.ts";
import { metAlone, metShared, N } from "./formulas.ts";
import type { Random } from "./random.ts";

const SERVERS = 1000;
const TRAPS = 15;
/** Probes a second of an address, each to any port of any server. */
const RATE = 1000;
/** For so long each address goes on, in seconds. */
const LASTING = 900;
const ADDRESSES = [1, 3, 10, 30, 100, 300, 1000];
/** With more of them nearly every server is met where each bans alone, which only takes long to simulate. */
const MOST_ALONE = 100;
/** Seconds from a touch of a trap until all servers have the ban; null where they never have. */
const DELAYS: readonly (readonly [string, number | null])[] = [
  ["each server bans alone", null],
  ["shared after 10 s", 10],
  ["shared after 1 s", 1],
  ["shared after 50 ms", 0.05],
];
/** A mean of few events has no error to speak of: so many are wanted, on average. */
const EVENTS = 2000;
/** Probes until an open port of any server is met, on average. */
const PER_TOUCH = N / (TRAPS + 1);

/** Servers of a fleet whose sshd somebody meets, by the addresses of the attacker. */
export function fleet(random: Random, effort: Effort): Figure {
  return {
    name: "fleet",
    title: `A fleet of ${SERVERS} servers, ${TRAPS} traps each: servers whose sshd is met`,
    x: { name: "addresses, each with 1000 probes a second for 15 minutes", scale: "log" },
    y: { name: "servers", scale: "log" },
    curves: DELAYS.map(([name, delay]): Curve => ({
      name,
      formula: delay === null
        ? "m(1-(1-p)^k), p = (1-e^(-(t+1)rH/(Nm)))/(t+1)"
        : `p = about 1/(mt) + r·d/(Nm), d = ${delay} s`,
      points: ADDRESSES.filter((k) => delay !== null || k <= MOST_ALONE)
        .map((k) => servers(k, delay, random, effort)),
    })),
  };
}

function servers(k: number, delay: number | null, random: Random, { probes }: Effort): Point {
  const scan = { n: N, t: TRAPS, servers: SERVERS, rate: RATE };
  const one = delay === null ? metAlone({ ...scan, lasting: LASTING }) : metShared(scan, delay);
  const expected = SERVERS * (1 - (1 - one) ** k);
  const seconds = delay === null ? LASTING : N / RATE / TRAPS + delay;
  const trials = Math.max(trialsFor(probes, k * seconds * RATE), Math.ceil(EVENTS / expected));
  let sum = 0, squares = 0;
  for (let i = 0; i < trials; i++) {
    const met = new Set<number>();
    for (let address = 0; address < k; address++) scanFleet(met, delay, random);
    sum += met.size;
    squares += met.size ** 2;
  }
  return mean(k, expected, sum, squares, trials);
}

/**
 * One address. Most probes meet nothing, so the time until the next open port is drawn at once; which port of
 * which server that is, is left to chance.
 */
function scanFleet(met: Set<number>, delay: number | null, random: Random): void {
  const banned = new Set<number>();
  let end = LASTING;
  for (let now = 0;;) {
    now -= Math.log(1 - random.fraction()) * PER_TOUCH / RATE;
    if (now >= end) return;
    const server = random.below(SERVERS);
    if (banned.has(server)) continue;
    if (random.fraction() * (TRAPS + 1) < 1) met.add(server);
    else {
      banned.add(server);
      if (delay !== null) end = Math.min(end, now + delay);
    }
  }
}

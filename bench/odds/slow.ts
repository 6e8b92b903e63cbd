/** A scanner with patience: one port a minute, and back again when its ban is over. */

import { Ledger } from "../../src/bans/ledger.ts";
import type { Address } from "../../src/os/address.ts";
import { MINUTE_MS } from "../../src/schedule/minute.ts";
import { banMinutes, FORGOTTEN, LAST_STEP, POLICY } from "./bans.ts";
import { chance, type Curve, type Effort, type Figure, trialsFor } from "./figure.ts";
import { fixedPort, movingPort, N } from "./formulas.ts";
import type { Random } from "./random.ts";

const DAY = 24 * 60;
const YEAR = 365 * DAY;
const DAYS = [1, 2, 4, 7, 10, 15, 20, 30, 40, 45, 60, 90, 120, 180, 240, 300, 365];
const TRAPS = [15, 255, 4095, 16383];

const SCANNER: Address = { family: 4, text: "192.0.2.1" };

/** The minute of the first meeting with sshd, or Infinity if there is none in a year. */
type Life = () => number;

/** Chance to have met sshd, by the days gone by. */
export function slowScans(random: Random, { probes }: Effort): Figure {
  const curve = (
    name: string,
    formula: string,
    odds: (minutes: number) => number,
    life: Life,
    cost: number,
  ): Curve => {
    const years = trialsFor(10 * probes, cost);
    const ends = Array.from({ length: years }, life);
    return {
      name,
      formula,
      points: DAYS.map((days) => {
        const minutes = days * DAY;
        return chance(days, odds(minutes), ends.filter((end) => end <= minutes).length, years);
      }),
    };
  };
  return {
    name: "slow-scan",
    title: "One address, one port a minute: chance to have met sshd",
    x: { name: "days", scale: "log" },
    y: { name: "chance", scale: "log", unit: "chance" },
    curves: [
      curve("a port that never moves, no traps", "n/N", (n) => fixedPort(N, n), () => {
        // Any order of the ports is as good as any other against a port at a random place.
        return 1 + random.below(N);
      }, N / 64),
      curve(
        "a port that moves each minute, no traps",
        "1-(1-1/N)^n",
        (n) => movingPort(N, n),
        () => yearOf(random, 0),
        N,
      ),
      ...TRAPS.map((traps) => {
        const odds = metByMinute(N, traps, YEAR);
        return curve(
          `C3PO, ${traps} traps`,
          "f(n), see docs",
          (n) => odds[n]!,
          () => yearOf(random, traps),
          // A life of N / (t + 1) probes, then a ban of up to a day; after N probes it has met sshd.
          Math.min(N, YEAR / (1 + (traps + 1) * DAY / N)),
        );
      }),
    ],
  };
}

/**
 * A year of a scanner.
 *
 * The ports of a minute are a random set, and a scanner that knows nothing tries one port of it. So
 * the port is drawn instead of the set: 1 of `N` is the SSH port, `t` of `N` are traps.
 */
function yearOf(random: Random, traps: number): number {
  const ledger = new Ledger(POLICY);
  for (let minute = 1; minute <= YEAR; minute++) {
    const drawn = random.below(N);
    if (drawn === 0) return minute;
    if (drawn > traps) continue;
    const offence = ledger.touch(SCANNER, drawn, minute * MINUTE_MS);
    minute = offence!.until / MINUTE_MS;
  }
  return Infinity;
}

/**
 * Chance that such a scanner has met sshd, for every number of minutes up to `last`; exact.
 *
 * With `q = 1 - (t+1)/N` the chance that a probe meets nothing, and `r` bans in a row so far,
 *
 *     f_r(n) = Σ_{i=1..n} q^(i-1) · ( 1/N + t/N · f_s(n - i - ban_s) )
 *
 * where `s` is `r + 1`, or 1 after seven days without a ban. The sums grow by one term a minute, so
 * all of them are one walk through time.
 *
 * @returns f_0, indexed by minute
 */
export function metByMinute(n: number, t: number, last: number): Float64Array {
  const q = 1 - (t + 1) / n;
  const forget = q ** FORGOTTEN;
  const steps = Array.from({ length: LAST_STEP + 1 }, () => ({
    met: new Float64Array(last + 1),
    // Σ q^(i-1) · f(minute - i - ban)
    again: new Float64Array(last + 1),
  }));
  for (let minute = 1; minute <= last; minute++) {
    steps.forEach(({ met, again }, step) => {
      if (step === 0) return;
      const free = minute - 1 - banMinutes(step);
      again[minute] = q * again[minute - 1]! + (free > 0 ? met[free]! : 0);
    });
    const before = minute - FORGOTTEN;
    steps.forEach(({ met }, step) => {
      const next = steps[Math.min(step + 1, LAST_STEP)]!.again;
      const soon = next[minute]! - (before > 0 ? forget * next[before]! : 0);
      const late = before > 0 ? forget * steps[1]!.again[before]! : 0;
      met[minute] = (1 - q ** minute) / (t + 1) + (t / n) * (soon + late);
    });
  }
  return steps[0]!.met;
}

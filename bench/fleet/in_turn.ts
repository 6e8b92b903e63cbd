import { delay } from "@std/async/delay";
import type { Child } from "../../tests/kernel/lab.ts";
import { summary } from "../side/harness/stats.ts";
import type { Offence, Way } from "./way.ts";

/** What is not there by then is counted as lost, in milliseconds. */
const LOST_MS = 20_000;
/** From then on, in milliseconds, the kernel is asked less often: to wait shall not keep a core busy. */
const LONG_MS = 1000;
const REST_MS = 10;
const PAUSE_MS = 100;

/** What was measured of one way. */
export interface Measured {
  readonly way: Way;
  /** Milliseconds from each offence to the entry in the other kernel. */
  readonly times: number[];
  lost: number;
  /** The load of the machine at each turn. */
  readonly loads: number[];
}

/**
 * Measures all ways in turn, so that what else happens on the machine falls on all of them alike.
 *
 * @param every ways that poll have their turn in each so many-th round
 * @param asked a running ipset of the other server
 */
export async function inTurn(
  ways: readonly Way[],
  { rounds, every, asked }: { rounds: number; every: number; asked: Child },
): Promise<Measured[]> {
  const all = ways.map((way): Measured => ({ way, times: [], lost: 0, loads: [] }));
  for (let round = 0; round < rounds; round++) {
    for (const measured of all) {
      const { way, times, loads } = measured;
      if (way.polls && round % every !== 0) continue;
      const ms = await untilBanned(asked, way.set, await way.offend());
      if (ms === null) measured.lost++;
      else times.push(ms);
      loads.push(Deno.loadavg()[0]!);
      await delay(PAUSE_MS);
    }
  }
  return all;
}

/** @returns milliseconds, or null if it was lost */
async function untilBanned(
  asked: Child,
  set: string,
  { address, began }: Offence,
): Promise<number | null> {
  for (let passed = 0; passed < LOST_MS; passed = Date.now() - began) {
    if (passed > LONG_MS) await delay(REST_MS);
    const seen = asked.lines.length;
    await asked.write(`test ${set} ${address}\n`);
    const answer = await asked.waitForLine((line) => line.includes(" in set "), undefined, seen);
    if (!answer.includes("NOT")) return Date.now() - began;
  }
  return null;
}

/** One line about one way; docs/FLEET.md has it. */
export function line({ way, times, lost, loads }: Measured): string {
  const head = `${way.name}, ${times.length} ${way.offences}: `;
  const load = `load ${(loads.reduce((sum, each) => sum + each, 0) / loads.length).toFixed(2)}`;
  if (times.length === 0) return `${head}lost ${lost}; ${load}`;
  const { median, p99, most } = summary(times);
  const [p50, late] = [median, p99].map((ms) => `${Math.round(ms)} ms`);
  return `${head}p50 ${p50}, p99 ${late}, most ${most} ms, lost ${lost}; ${load}`;
}

import { quantile } from "../side/harness/stats.ts";
import type { Sample } from "./sample.ts";

/** Samples whose median stands for a moment. */
const WINDOW = 5;
/** What a server is like after so many minutes is what it has to stay like. */
const SETTLED = 10;

/** By how much something may grow before it counts: a share of what it was, and so much at least. */
interface Noise {
  readonly share: number;
  readonly least: number;
}

const NOISE: Readonly<Record<string, Noise>> = {
  residentMb: { share: 0.2, least: 4 },
  ownMb: { share: 0.2, least: 4 },
  allResidentMb: { share: 0.2, least: 6 },
  allOwnMb: { share: 0.2, least: 6 },
  descriptors: { share: 0, least: 2 },
  threads: { share: 0, least: 2 },
  processes: { share: 0, least: 1 },
  cpuMs: { share: 0.5, least: 200 },
};
const SET_NOISE: Noise = { share: 0.25, least: 24 };
/**
 * What nftables notes of a connection stays for days (of a guest of the tarpit for one), so these grow with each,
 * up to the size that they have in the kernel: shown, and not judged.
 */
const KEPT = /^(?:run|to|from|guest)[46]$/;

/** One figure, after ten minutes and at the end. */
export interface Row {
  readonly name: string;
  readonly settled: number;
  readonly end: number;
  /** The most of all samples since. */
  readonly most: number;
  /** Whether it grew beyond what chance may do. */
  readonly grew: boolean;
}

/**
 * Compares the end with the tenth minute, by medians of five minutes each: fewer where the samples do
 * not suffice, and from the middle on where there are not ten.
 *
 * @param samples one a minute; fewer than four give no row
 */
export function compare(samples: readonly Sample[]): Row[] {
  if (samples.length < 4) return [];
  const flat = samples.map((sample, i) => figures(sample, samples[i - 1]));
  const names = Object.keys(flat.at(-1)!);
  const middle = settledMinute(samples.length) - 1;
  const half = Math.min(Math.floor(WINDOW / 2), middle);
  const window = Math.min(WINDOW, samples.length - middle - half - 1);
  return names.map((name) => {
    const values = flat.map((each) => each[name] ?? 0);
    const settled = quantile(values.slice(middle - half, middle + half + 1), 0.5);
    const end = quantile(values.slice(-window), 0.5);
    const { share, least } = NOISE[name] ?? SET_NOISE;
    return {
      name,
      settled,
      end,
      most: Math.max(...values.slice(middle - half)),
      grew: !KEPT.test(name) && end - settled > Math.max(least, settled * share),
    };
  });
}

/** The minute that the end is compared with: the tenth, or an earlier one of a short run. */
export function settledMinute(minutes: number): number {
  return Math.min(SETTLED, Math.floor(minutes / 2));
}

/**
 * All figures of a sample by name; the processor time is that of the minute before it, which the first
 * sample does not know.
 */
function figures(sample: Sample, before: Sample | undefined): Record<string, number> {
  const { cpuMs, ...values } = sample.values;
  const used = before === undefined ? 0 : minuteOf(sample, before, cpuMs - before.values.cpuMs);
  return { ...values, cpuMs: used, ...togetherOf(sample.sets) };
}

/** Entries by the name of the set; the sets of all minutes are one. */
function togetherOf(sets: Readonly<Record<string, number>>): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [set, entries] of Object.entries(sets)) {
    const name = set.replace(/-\d+$/, "-N");
    sums[name] = (sums[name] ?? 0) + entries;
  }
  return sums;
}

/** As if exactly a minute lay between the two. */
function minuteOf(sample: Sample, before: Sample, ms: number): number {
  return Math.round(ms * 60_000 / (sample.at - before.at));
}

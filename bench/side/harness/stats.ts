/** What many measurements of one thing come to, in their unit. */
export interface Summary {
  readonly median: number;
  /** The quartiles: half of the measurements lie between them. */
  readonly low: number;
  readonly high: number;
  readonly p99: number;
  readonly least: number;
  readonly most: number;
  readonly count: number;
}

/**
 * The value below which a share of all lies, interpolated between two measurements.
 *
 * @param values at least one, in any order
 * @param share 0 to 1: 0.5 gives the median
 */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError("nothing was measured");
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return below + (above - below) * (at - Math.floor(at));
}

/** @param values at least one */
export function summary(values: readonly number[]): Summary {
  return {
    median: quantile(values, 0.5),
    low: quantile(values, 0.25),
    high: quantile(values, 0.75),
    p99: quantile(values, 0.99),
    least: quantile(values, 0),
    most: quantile(values, 1),
    count: values.length,
  };
}

/** The differences of pairs that were measured side by side, so that what disturbed both cancels out. */
export function differences(values: readonly number[], base: readonly number[]): Summary {
  return summary(values.map((value, i) => value - base[i]!));
}

/**
 * By how many percent values that were measured in turns with others are more than those, block by block
 * of so many: of single ones the noise is larger than what is looked for.
 */
export function ratios(values: readonly number[], base: readonly number[], block: number): Summary {
  const percents: number[] = [];
  for (let at = 0; at + block <= values.length; at += block) {
    const [some, others] = [values, base].map((each) => summary(each.slice(at, at + block)).median);
    percents.push((some! / others! - 1) * 100);
  }
  return summary(percents);
}

/** What something comes to in a minute, in its unit. */
export interface Minute {
  /** The sum of what is usual in each second of it. */
  readonly usual: number;
  /** That by the second: of all minutes the median of the first second, and so on. */
  readonly seconds: readonly number[];
  /** The mean of the minutes. */
  readonly mean: number;
}

/**
 * What something comes to in a minute that was measured by the second, some minutes long. What is done each
 * minute, be it only once in it, counts; what comes once in several does not.
 *
 * @param seconds of whole minutes
 */
export function usualMinute(seconds: readonly number[]): Minute {
  const minutes = seconds.length / 60;
  if (minutes < 1 || !Number.isInteger(minutes)) throw new RangeError("not whole minutes");
  const total = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0);
  const usual = Array.from(
    { length: 60 },
    (_, second) => summary(seconds.filter((_, i) => i % 60 === second)).median,
  );
  return { usual: total(usual), seconds: usual, mean: total(seconds) / minutes };
}

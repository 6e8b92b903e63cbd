import { quantile } from "../side/harness/stats.ts";

/** A line of a table. */
export type Row = readonly string[];

/** What some measurements were like. On a busy machine the least says the most. */
export function describe(
  values: readonly number[],
): { least: number; median: number; p90: number } {
  return {
    least: quantile(values, 0),
    median: quantile(values, 0.5),
    p90: quantile(values, 0.9),
  };
}

/** How much longer each took than what was measured in the same round. */
export function differences(values: readonly number[], others: readonly number[]): number[] {
  return values.map((value, round) => value - others[round]!);
}

/** A difference, with its sign. */
export function signed(ms: number): string {
  return `${ms < 0 ? "" : "+"}${ms.toFixed(1)}`;
}

/** Megabytes a second. */
export function rate(megabytes: number, ms: number): string {
  return (megabytes / (ms / 1000)).toFixed(0);
}

/** A table in Markdown. */
export function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line), ""].join("\n");
}

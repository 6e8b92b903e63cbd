import type { Summary } from "./harness/stats.ts";

/** A table in Markdown; columns after the first are figures. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => i === 0 ? "---" : "---:")), ...rows.map(line)]
    .join("\n");
}

/** Three digits that count: `0.042`, `4.21`, `118`, `6,543`. */
export function number(value: number): string {
  if (value === 0) return "0";
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(3)));
}

/** The median, and between which quartiles it lies. */
export function spread(summary: Summary | undefined): string {
  if (summary === undefined) return "–";
  return `${number(summary.median)} (${number(summary.low)}–${number(summary.high)})`;
}

/** As {@linkcode spread}, of something that comes on top. */
export function more(summary: Summary): string {
  const signed = (value: number): string => value > 0 ? `+${number(value)}` : number(value);
  return `${signed(summary.median)} (${signed(summary.low)} to ${signed(summary.high)})`;
}

/** Megabytes of kilobytes. */
export function megabytes(kb: number): string {
  return number(kb / 1024);
}

import { type PortRange, sizeOf } from "../../schedule/ports.ts";
import { type Line, type Span, span } from "../../os/ink.ts";

/** What is open. */
export interface Ports {
  readonly ssh: readonly number[];
  readonly traps: readonly number[];
}

/**
 * The range of ports as a map: `S` where SSH is open, `x` where a trap is (or how many, where several
 * fall together), `·` elsewhere. Ports outside the range are not on it.
 *
 * @param columns of the map, without the numbers at its sides
 * @returns so many lines, each with the first and the last port of its part of the range
 */
export function portMap(
  range: PortRange,
  { ssh, traps }: Ports,
  columns: number,
  rows: number,
): Line[] {
  const cells = columns * rows;
  const cellOf = (port: number): number => Math.floor((port - range.low) * cells / sizeOf(range));
  const firstOf = (cell: number): number => range.low + Math.ceil(cell * sizeOf(range) / cells);
  const here = new Set(ssh.map(cellOf));
  const counts = new Map<number, number>();
  for (const cell of traps.map(cellOf)) counts.set(cell, (counts.get(cell) ?? 0) + 1);
  const width = String(range.high).length;
  return Array.from({ length: rows }, (_, row) => {
    const spans: Span[] = [];
    for (let cell = row * columns; cell < (row + 1) * columns; cell++) {
      const count = counts.get(cell) ?? 0;
      if (here.has(cell)) spans.push(span("S", "ssh"));
      else if (count > 0) {
        spans.push(span(count === 1 ? "x" : count > 9 ? "#" : `${count}`, "trap"));
      } else spans.push(span("·", "faint"));
    }
    const [first, last] = [firstOf(row * columns), firstOf((row + 1) * columns) - 1];
    return [
      span(`${String(first).padStart(width)} `, "faint"),
      ...spans,
      span(` ${last}`, "faint"),
    ];
  });
}

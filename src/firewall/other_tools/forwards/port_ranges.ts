/** Ports as ranges, both ends included, in order and apart. */
export type PortRanges = readonly (readonly [low: number, high: number])[];

const LAST = 65_535;

/** Every port. */
export const ALL_PORTS: PortRanges = [[0, LAST]];

/** Ranges in any order, that may overlap. */
export function rangesOf(spans: readonly (readonly [number, number])[]): PortRanges {
  const merged: [number, number][] = [];
  for (const [low, high] of [...spans].sort(([a], [b]) => a - b)) {
    const last = merged.at(-1);
    if (last !== undefined && low <= last[1] + 1) last[1] = Math.max(last[1], high);
    else merged.push([low, high]);
  }
  return merged;
}

/** Every other port. */
export function otherPorts(ranges: PortRanges): PortRanges {
  const others: [number, number][] = [];
  let next = 0;
  for (const [low, high] of ranges) {
    if (low > next) others.push([next, low - 1]);
    next = high + 1;
  }
  if (next <= LAST) others.push([next, LAST]);
  return others;
}

/** The ports that are in both. */
export function commonPorts(some: PortRanges, others: PortRanges): PortRanges {
  const common = some.flatMap(([low, high]) =>
    others.map(([from, to]) => [Math.max(low, from), Math.min(high, to)] as const)
      .filter(([from, to]) => from <= to)
  );
  return rangesOf(common);
}

/** How many ports there are. */
export function countPorts(ranges: PortRanges): number {
  return ranges.reduce((sum, [low, high]) => sum + high - low + 1, 0);
}

/** As a person writes it: `80,8000-8100`. */
export function portsText(ranges: PortRanges): string {
  return ranges.map(([low, high]) => low === high ? `${low}` : `${low}-${high}`).join(",");
}

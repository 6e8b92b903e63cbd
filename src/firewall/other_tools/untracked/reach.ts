/** Of packets: those that come in, or the answers to them. */
export type Direction = "in" | "out";

/** A rule that sends packets on to another chain. */
export interface Jump {
  readonly from: string;
  readonly to: string;
  /** Whether it takes packets of C3PO's connections, of every source and interface. */
  takes(direction: Direction): boolean;
}

/** The chains that packets of C3PO's connections come to, whoever sends them, and the directions of those. */
export type Reach = ReadonlyMap<string, ReadonlySet<Direction>>;

/** Follows jumps from the chains that the kernel calls. */
export function reachOf(
  roots: Iterable<readonly [chain: string, direction: Direction]>,
  jumps: readonly Jump[],
): Reach {
  const reach = new Map<string, Set<Direction>>();
  const follow = (chain: string, direction: Direction): void => {
    const directions = reach.get(chain) ?? new Set();
    if (directions.has(direction)) return;
    reach.set(chain, directions.add(direction));
    for (const jump of jumps) {
      if (jump.from === chain && jump.takes(direction)) follow(jump.to, direction);
    }
  };
  for (const [chain, direction] of roots) follow(chain, direction);
  return reach;
}

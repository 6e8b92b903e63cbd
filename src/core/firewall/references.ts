import type { FirewallPlan } from "./rules.ts";

/** How many rules of a plan look at each set, or note something in it: what the kernel counts. */
export function plannedReferences({ chains }: FirewallPlan): Map<string, number> {
  const counts = new Map<string, number>();
  const count = (set: string): void => void counts.set(set, (counts.get(set) ?? 0) + 1);
  for (const { rules } of [...chains.values()].flat()) {
    for (const { when, then } of rules) {
      for (const match of when) if (match.is === "in" || match.is === "not in") count(match.set);
      if (then.do === "add") count(then.set);
    }
  }
  return counts;
}

/** What the kernel tells of a set. */
export interface Listing {
  /** How many rules look at it, or note something in it. */
  readonly references: number;
  readonly elements: readonly string[];
}

/** What `ipset list` prints, by set. */
export function readListings(lines: readonly string[]): Map<string, Listing> {
  const listings = new Map<string, Listing>();
  let name = "";
  let references = 0;
  let elements: string[] | null = null;
  for (const line of lines) {
    const [, key, value] = /^(Name|References|Members):(?: (\S+))?$/.exec(line) ?? [];
    if (key === "Name") {
      name = value!;
      elements = null;
    } else if (key === "References") references = Number(value);
    else if (key === "Members") listings.set(name, { references, elements: elements = [] });
    else if (line !== "") elements?.push(line.split(" ")[0]!);
  }
  return listings;
}

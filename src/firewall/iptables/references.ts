import type { Chain } from "./rules.ts";

/** How many rules of a plan look at a set, or note something in it: what the kernel counts. */
export function referencesTo(set: string, chains: readonly Chain[]): number {
  return chains.flatMap(({ rules }) => rules).reduce((count, { when, then }) => {
    const matches = when.filter((match) =>
      (match.is === "in" || match.is === "not in") && match.set === set
    ).length;
    const isNoted = (then.do === "add" || then.do === "remove") && then.set === set;
    return count + matches + (isNoted ? 1 : 0);
  }, 0);
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

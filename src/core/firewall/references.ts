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

/** The kernel's own count, by set, from lines that `ipset list` prints. */
export function countedReferences(lines: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  let set = "";
  for (const line of lines) {
    const [, key, value] = /^(Name|References): (\S+)$/.exec(line) ?? [];
    if (key === "Name") set = value!;
    if (key === "References") counts.set(set, Number(value));
  }
  return counts;
}

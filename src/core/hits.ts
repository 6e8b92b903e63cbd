import { type Family, parseBanned } from "./address.ts";
import type { SetEntry } from "./firewall/ipset.ts";

/** Somebody touched a trap. */
export interface Hit {
  readonly family: Family;
  /** Who: the very address. */
  readonly source: string;
  /** What a ban of it covers: the address, or its /64. */
  readonly unit: string;
  readonly port: number;
}

/** Reads the entries of a hit set, such as `192.0.2.1,tcp:4711`. */
export function hitsOf(entries: readonly SetEntry[]): Hit[] {
  return entries.map(({ element }) => {
    const [source, target] = element.split(",");
    const { family, text } = parseBanned(source!);
    return { family, source: source!, unit: text, port: Number(target!.replace("tcp:", "")) };
  });
}

/** One hit of each that would be banned: the first. */
export function byUnit(hits: readonly Hit[]): Hit[] {
  const first = new Map<string, Hit>();
  for (const hit of hits) if (!first.has(hit.unit)) first.set(hit.unit, hit);
  return [...first.values()];
}

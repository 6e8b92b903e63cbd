import { type Address, parseBanned } from "./address.ts";
import type { SetEntry } from "./firewall/ipset.ts";

/** Somebody touched a trap. */
export interface Hit {
  /** Who: the very address. */
  readonly source: string;
  /** What a ban of it covers: the address, or its /64. */
  readonly unit: Address;
  readonly port: number;
}

/** Reads the entries of a hit set, such as `192.0.2.1,tcp:4711`. */
export function hitsOf(entries: readonly SetEntry[]): Hit[] {
  return entries.map(({ element }) => {
    const [source, target] = element.split(",");
    const port = Number(target!.replace("tcp:", ""));
    return { source: source!, unit: parseBanned(source!), port };
  });
}

/** One hit of each that would be banned: the first. */
export function byUnit(hits: readonly Hit[]): Hit[] {
  const first = new Map<string, Hit>();
  for (const hit of hits) if (!first.has(hit.unit.text)) first.set(hit.unit.text, hit);
  return [...first.values()];
}

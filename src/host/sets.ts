import { type Address, FAMILIES, type Family } from "../core/address.ts";
import { Failure } from "../core/errors.ts";
import { createSets, parseEntries, type SetEntry, type SetText } from "../core/firewall/ipset.ts";
import { type SetSpec, SSH } from "../core/firewall/sets.ts";
import { isRoot, os } from "./host.ts";
import { restoreSets, saveSet, setNames } from "./ipset.ts";

/** An entry of one of a pair of sets, the one for IPv4 and the one for IPv6. */
export interface FamilyEntry extends SetEntry {
  readonly family: Family;
}

/** A pair of sets, by family. */
export type SetPair = (family: Family) => SetSpec;

/**
 * What a pair of sets holds, IPv4 first. Sets that are not there hold nothing.
 *
 * @throws {Failure} without root
 */
export async function readPair(pair: SetPair): Promise<FamilyEntry[]> {
  needRoot();
  const each = await Promise.all(FAMILIES.map(async (family) => {
    const saved = await saveSet(pair(family).name);
    return saved === null
      ? []
      : parseEntries(saved, pair(family)).map((entry) => ({ ...entry, family }));
  }));
  return each.flat();
}

/**
 * Changes a pair of sets in one step. Sets that are not there are made: `serve` takes them over.
 *
 * @param change the lines that change the set of an address
 * @throws {Failure} without root, or if the kernel refuses
 */
export async function changePair(
  pair: SetPair,
  addresses: readonly Address[],
  change: (set: SetSpec, address: Address) => SetText,
): Promise<void> {
  needRoot();
  const sets = [...new Set(addresses.map(({ family }) => family))].map(pair);
  const lines = addresses.map((address) => change(pair(address.family), address));
  await restoreSets(createSets(sets) + lines.join(""));
}

/**
 * Whether the kernel's sets are those of a `serve`, running or killed, so that they hold all there is.
 * A `serve` that stopped took them away and saved what they held.
 */
export async function isServed(): Promise<boolean> {
  return (await setNames()).includes(SSH.name);
}

/** @throws {Failure} without root, or where there are no servers */
export function needRoot(): void {
  if (os !== "linux") throw new Failure("a server runs on Linux only");
  if (isRoot()) return;
  throw new Failure("the kernel's sets are for root only", { hint: "run it with sudo" });
}

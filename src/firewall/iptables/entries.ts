import { type Address, FAMILIES, type Family } from "../../os/address.ts";
import { ToolFailure } from "../../os/tool_failure.ts";
import type { Refusal } from "../firewall.ts";
import { restoreSets, setNames } from "./ipset.ts";
import { createSets, elementOf, removeEntry, type SetText } from "./ipset_text.ts";
import type { SetSpec } from "./sets.ts";

/** A pair of sets, by family. */
export type SetPair = (family: Family) => SetSpec;

/** An entry of a set, and the line that puts it in. */
export interface Entry {
  readonly address: Address;
  readonly text: SetText;
}

/** Puts entries into a pair of sets; sets that are not there are made. */
export async function addEntries(pair: SetPair, entries: readonly Entry[]): Promise<Refusal[]> {
  const families = new Set(entries.map(({ address }) => address.family));
  const sets = createSets([...families].map(pair));
  try {
    await restoreSets(sets + textOf(entries));
    return [];
  } catch (error) {
    if (!isAnswer(error)) throw error;
    await restoreSets(sets);
    return await loadHalves(entries);
  }
}

/** Takes addresses out of a pair of sets, as far as they are in them. */
export async function removeEntries(pair: SetPair, addresses: readonly Address[]): Promise<void> {
  const families = await familiesWith(pair);
  await restoreSets(
    addresses.filter(({ family }) => families.includes(family)).map((address) =>
      removeEntry(pair(address.family), elementOf(address))
    ).join(""),
  );
}

/** The families whose set of a pair is there. */
export async function familiesWith(pair: SetPair): Promise<Family[]> {
  const names = await setNames();
  return FAMILIES.filter((family) => names.includes(pair(family).name));
}

/** Loads entries at once; if one is refused, halves of them, until only that one is left out. */
async function loadHalves(entries: readonly Entry[]): Promise<Refusal[]> {
  try {
    await restoreSets(textOf(entries));
    return [];
  } catch (error) {
    if (!isAnswer(error)) throw error;
    if (entries.length === 1) return [{ address: entries[0]!.address, reason: error.message }];
    const half = Math.ceil(entries.length / 2);
    const first = await loadHalves(entries.slice(0, half));
    const second = await loadHalves(entries.slice(half));
    // All of them refused is a failure of the set.
    if (first.length + second.length === entries.length && entries.length > 2) throw error;
    return [...first, ...second];
  }
}

/** Without an exit code the tool did not finish, and no single entry is to blame. */
function isAnswer(error: unknown): error is ToolFailure {
  return error instanceof ToolFailure && error.code !== null;
}

function textOf(entries: readonly Entry[]): string {
  return entries.map(({ text }) => text).join("");
}

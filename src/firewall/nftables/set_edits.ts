import type { Address, Family } from "../../os/address.ts";
import { FAMILIES } from "../../os/address.ts";
import { C3poError } from "../../os/errors.ts";
import type { Refusal } from "../firewall.ts";
import { chunks } from "./elements.ts";
import { isAbsent, isFull, transact } from "./nft.ts";
import { TABLE } from "./sets.ts";

/** Empties sets, of whatever size. */
export async function emptySets(names: readonly string[]): Promise<void> {
  await transact(names.map((name) => `flush set ${TABLE} ${name}\n`).join(""));
}

/** Something that is to be an element. */
export interface Entry {
  readonly address: Address;
  /** Its key, and what stands behind it, such as a timeout. */
  readonly key: string;
  readonly rest: string;
}

/** Commands on the elements of one set. */
export function addText(set: string, elements: readonly string[]): string {
  return elements.length === 0 ? "" : `add element ${TABLE} ${set} { ${elements.join(", ")} }\n`;
}

/** Removes elements, whether or not they are there: to remove one that is not would fail. */
export function removeText(set: string, keys: readonly string[]): string {
  if (keys.length === 0) return "";
  return addText(set, keys) + `delete element ${TABLE} ${set} { ${keys.join(", ")} }\n`;
}

/**
 * Removes elements from a set that may be full, where {@linkcode removeText} would find no room for what
 * is not there.
 */
export async function removeElements(set: string, keys: readonly string[]): Promise<void> {
  try {
    if (keys.length > 0) await transact(removeText(set, keys));
  } catch (error) {
    if (!isFull(error)) throw error;
    for (const key of keys) await removeElement(set, key);
  }
}

async function removeElement(set: string, key: string): Promise<void> {
  try {
    await transact(`delete element ${TABLE} ${set} { ${key} }\n`);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

/**
 * Puts entries into a set in place of what is there of the same key. A plain `add` leaves the time of what
 * is there as it is, before Linux 6.12.
 */
export function replaceText(set: string, entries: readonly Entry[]): string {
  const byKey = new Map(entries.map(({ key, rest }) => [key, rest])); // the last one counts
  return removeText(set, [...byKey.keys()]) +
    addText(set, [...byKey].map(([key, rest]) => `${key}${rest}`));
}

/**
 * Carries something out for many entries at once; where the kernel refuses, in ever smaller parts, so that
 * one bad entry is refused alone.
 *
 * @param text what has to be done for some of them
 * @returns those that were refused
 * @throws {C3poError} if there is no set, or no room in it, or no nft
 */
export async function each(
  entries: readonly Entry[],
  text: (some: readonly Entry[], family: Family) => string,
): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  for (const family of FAMILIES) {
    const ours = entries.filter(({ address }) => address.family === family);
    for (const chunk of chunks(ours)) refusals.push(...await some(chunk, family, text));
  }
  return refusals;
}

async function some(
  entries: readonly Entry[],
  family: Family,
  text: (some: readonly Entry[], family: Family) => string,
): Promise<Refusal[]> {
  try {
    await transact(text(entries, family));
    return [];
  } catch (error) {
    if (!(error instanceof C3poError) || isAbsent(error) || isFull(error)) throw error;
    if (!/exit code/.test(error.message)) throw error; // nft did not run to its end, whatever the entries
    if (entries.length === 1) {
      return [{ address: entries[0]!.address, reason: error.message }];
    }
    const half = Math.ceil(entries.length / 2);
    return [
      ...await some(entries.slice(0, half), family, text),
      ...await some(entries.slice(half), family, text),
    ];
  }
}

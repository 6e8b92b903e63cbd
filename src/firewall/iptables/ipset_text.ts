import type { Address } from "../../os/address.ts";
import type { SetSpec } from "./sets.ts";

/** Lines for `ipset restore`. */
export type SetText = string;

/** An entry of a set, as the kernel lists it. */
export interface SetEntry {
  readonly element: string;
  /** Seconds it has left; null if it stays. */
  readonly seconds: number | null;
}

/** Makes sets that are not there yet. */
export function createSets(sets: readonly SetSpec[]): SetText {
  return sets.map((set) => `create ${set.name} ${typeWords(set).join(" ")} -exist\n`).join("");
}

/** Gives a set the elements it is to have in one step; none of them expires. `spare` must be empty, and is so again. */
export function fillSet(set: SetSpec, elements: readonly string[], spare: SetSpec): SetText {
  return createSets([set]) + elements.map((each) => `add ${spare.name} ${each}\n`).join("") +
    `swap ${set.name} ${spare.name}\nflush ${spare.name}\n`;
}

/** As {@linkcode fillSet} for some sets, with a spare that is only there meanwhile. */
export function fillSets(
  sets: readonly { readonly set: SetSpec; readonly elements: readonly string[] }[],
  spare: SetSpec,
): SetText {
  if (sets.length === 0) return "";
  const fills = sets.map(({ set, elements }) => fillSet(set, elements, spare)).join("");
  return createSets([spare]) + flushSets([spare]) + fills + destroySets([spare.name]);
}

/** Removes sets; they must not be in use by any rule. */
export function destroySets(names: readonly string[]): SetText {
  return names.map((name) => `destroy ${name}\n`).join("");
}

/** Empties sets. */
export function flushSets(sets: readonly SetSpec[]): SetText {
  return sets.map(({ name }) => `flush ${name}\n`).join("");
}

/** Puts an entry into a set, or gives one that is there a new time. */
export function addEntry(set: SetSpec, element: string, seconds?: number): SetText {
  const time = seconds === undefined ? "" : ` timeout ${seconds}`;
  return `add ${set.name} ${element}${time} -exist\n`;
}

/** How the kernel wants an address that is banned: of a /64 its first address alone. */
export function elementOf(banned: Address): string {
  return banned.family === 6 ? banned.text.replace(/\/64$/, "") : banned.text;
}

/** Takes an entry out of a set, if it is in it. */
export function removeEntry(set: SetSpec, element: string): SetText {
  return `del ${set.name} ${element} -exist\n`;
}

/**
 * Reads one line of what `ipset save` prints.
 *
 * @returns null for a line that is no entry of the set
 */
export function parseEntry(line: string, set: SetSpec): SetEntry | null {
  const [verb, name, element, ...rest] = line.split(" ");
  if (verb !== "add" || name !== set.name || element === undefined) return null;
  const at = rest.indexOf("timeout");
  const seconds = at < 0 ? 0 : Number(rest[at + 1]);
  const bare = set.prefix === undefined ? element : element.replace(`/${set.prefix}`, "");
  return { element: bare, seconds: seconds === 0 ? null : seconds };
}

/**
 * Reads what `ipset save` prints.
 *
 * @returns the entries of one set, in the kernel's order
 */
export function parseEntries(saved: string, set: SetSpec): SetEntry[] {
  return saved.split("\n").flatMap((line) => parseEntry(line, set) ?? []);
}

function typeWords(set: SetSpec): string[] {
  return [
    set.type,
    ...(set.type === "bitmap:port" ? ["range", "0-65535"] : []),
    ...(set.family === undefined ? [] : ["family", set.family === 4 ? "inet" : "inet6"]),
    ...(set.prefix === undefined ? [] : ["netmask", String(set.prefix)]),
    ...(set.buckets === undefined ? [] : ["hashsize", String(set.buckets)]),
    ...(set.capacity === undefined ? [] : ["maxelem", String(set.capacity)]),
    ...(set.expires ? ["timeout", "0"] : []),
    ...(set.evicts ? ["forceadd"] : []),
  ];
}

/**
 * Commands for `ipset -` that take what a set holds out of it and print it, in one go: what arrives
 * meanwhile goes to the empty set that took its place.
 */
export function drainSets(pairs: readonly (readonly [SetSpec, SetSpec])[]): SetText {
  return pairs.map(([set, spare]) =>
    `swap ${set.name} ${spare.name}\nlist ${spare.name}\nflush ${spare.name}\n`
  ).join("");
}

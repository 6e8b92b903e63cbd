import type { Opening } from "../opening.ts";
import type { Address, Family } from "../address.ts";
import { allowSet, HIDDEN, NEXT_SSH, NEXT_TRAP, type SetSpec, SSH, TRAP } from "./sets.ts";

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
 * What the sets hold at the start, beside the ports.
 *
 * @param allow addresses and networks that are never banned
 */
export function firstEntries(allow: readonly Address[], families: readonly Family[]): SetText {
  return flushSets([HIDDEN]) + allow.filter(({ family }) => families.includes(family))
    .map(({ family, text }) => addEntry(allowSet(family), text)).join("");
}

/**
 * The part of a change that can be done ahead of time: the coming ports wait in sets that no rule
 * looks at.
 */
export function stageOpening(opening: Opening): SetText {
  const entries = (set: SetSpec, ports: Opening["ssh"]): string =>
    ports.map(({ port, seconds }) => addEntry(set, String(port), seconds)).join("");
  return flushSets([NEXT_SSH, NEXT_TRAP]) + entries(NEXT_SSH, opening.ssh) +
    entries(NEXT_TRAP, opening.traps) + "COMMIT\n";
}

/**
 * The change itself. SSH goes first: its new port is open before the old traps go, and no set ever
 * lacks its ports.
 *
 * @param hidden sshd's own port
 * @param hideSeconds how long it stays hidden from now on; 0 is for ever
 */
export function applyOpening(hidden: number, hideSeconds: number): SetText {
  return `swap ${SSH.name} ${NEXT_SSH.name}\n` + `swap ${TRAP.name} ${NEXT_TRAP.name}\n` +
    addEntry(HIDDEN, String(hidden), hideSeconds);
}

/**
 * How long sshd's port stays hidden if nobody renews it: the dead-man's switch.
 *
 * @param fail what shall happen when `serve` dies without cleaning up
 * @returns seconds; 0 is for ever
 */
export function hideSeconds(fail: "open" | "closed"): number {
  return fail === "open" ? 120 : 0;
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

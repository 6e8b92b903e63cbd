import { Malformed } from "../os/errors.ts";

/** A line of a list of names. */
export interface ListedName {
  readonly name: string;
  /** What stands behind the name, split at commas; empty if nothing does. */
  readonly words: readonly string[];
}

/**
 * Reads a list of users or hosts: a line for each, `NAME`, or `NAME WORD,WORD`; blank lines and lines
 * that begin with `#` are skipped.
 *
 * @param check throws {@linkcode Malformed} for a line that cannot be
 * @throws {Malformed} with the number of the line, also for a name given twice and for an empty list
 */
export function parseNameList(text: string, check: (line: ListedName) => void): ListedName[] {
  const names = new Map<string, ListedName>();
  for (const [index, line] of text.split("\n").entries()) {
    const [name, list, ...rest] = line.trim().split(/\s+/);
    if (!name || name.startsWith("#")) continue;
    const listed = { name, words: list === undefined ? [] : list.split(",") };
    try {
      if (rest.length > 0) throw new Malformed(`"${rest[0]}" is unexpected`);
      if (names.has(name)) throw new Malformed(`"${name}" appears twice`);
      check(listed);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      const advice = error.hint === undefined ? {} : { hint: error.hint };
      throw new Malformed(`line ${index + 1}: ${error.message}`, advice);
    }
    names.set(name, listed);
  }
  if (names.size === 0) throw new Malformed("the list is empty");
  return [...names.values()];
}

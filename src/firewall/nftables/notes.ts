import { type Address, FAMILIES, type Family, parseAddress } from "../../os/address.ts";
import type { Activity, Touch } from "../firewall.ts";
import { chunks, type Element, elementsOf } from "./elements.ts";
import { isAbsent } from "./nft.ts";
import { FULL, MARKS, setName, TABLE, TOUCHED } from "./sets.ts";
import type { NftProcess } from "./nft_process.ts";
import { removeText } from "./set_edits.ts";

/** What the rules noted since the last look. */
export interface Notes extends Activity {
  /** Families whose sets of bans are full. */
  readonly full: readonly Family[];
}

const NOTHING = { hits: [], confirmed: [], arrivals: [], full: [] };
/** As much as a line of an interactive nft should have. */
const LINE_ELEMENTS = 500;

/**
 * Takes what the rules noted. While nothing happened that is one small question.
 *
 * @param owed marks of what could not be read at earlier calls, kept from one call to the next
 */
export async function takeNotes(nft: NftProcess, owed: Set<number>): Promise<Notes> {
  const marks = await readMarks(nft);
  if (marks === null) return { ...NOTHING, intact: false };
  const intact = marks.has(MARKS.sentinel);
  const seen = [MARKS.hit, MARKS.came, MARKS.confirmed, MARKS.full].filter((mark) =>
    marks.has(mark) || owed.has(mark)
  );
  if (seen.length === 0) return { ...NOTHING, intact };
  for (const mark of seen) owed.add(mark);
  // The marks go first: what is noted from now on is marked anew.
  await nft.exchange([removal(TOUCHED, seen.map(String))]);
  let failure: unknown = null;
  const take = async <T>(mark: number, read: () => Promise<T[]>): Promise<T[]> => {
    if (!owed.has(mark)) return [];
    try {
      const found = await read();
      owed.delete(mark);
      return found;
    } catch (error) {
      failure ??= error;
      return [];
    }
  };
  const hits = touches(await take(MARKS.hit, () => takeSets(nft, "hit")));
  const arrivals = touches(await take(MARKS.came, () => takeSets(nft, "came")));
  const completed = await take(MARKS.confirmed, () => takeSets(nft, "confirmed"));
  const confirmed = completed.flat().map(({ key }) => source(key));
  const full = await take(MARKS.full, () => fullFamilies(nft));
  // What was read is gone from the kernel, so it is told first; the rest is asked for again.
  const isEmpty = hits.length + arrivals.length + confirmed.length + full.length === 0;
  if (failure !== null && isEmpty) throw failure;
  return { hits, arrivals, confirmed, intact, full };
}

/** The marks of what happened; null if there is no such table. */
export async function readMarks(nft: NftProcess): Promise<Set<number> | null> {
  try {
    const [listed] = await nft.exchange([`list set ${TABLE} ${TOUCHED}`]);
    return new Set(elementsOf(listed!).map(({ key }) => Number(key[0])));
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

async function fullFamilies(nft: NftProcess): Promise<Family[]> {
  const [listed] = await nft.exchange([`list set ${TABLE} ${FULL}`]);
  const names = elementsOf(listed!).map(({ key }) => key[0]);
  return FAMILIES.filter((family) => names.includes(`ipv${family}`));
}

/** Reads the sets of both families and removes exactly what was read. */
async function takeSets(nft: NftProcess, name: string): Promise<Element[][]> {
  return await Promise.all(FAMILIES.map(async (family) => {
    const set = setName(name, family);
    const [listed] = await nft.exchange([`list set ${TABLE} ${set}`]);
    const elements = elementsOf(listed!);
    // A set that grows while it is listed may show an element twice.
    const keys = [...new Set(elements.map(({ key }) => key.join(" . ")))];
    for (const some of chunks(keys, LINE_ELEMENTS)) {
      await removeNotes(nft, set, some);
    }
    return elements;
  }));
}

/**
 * Removes what was read. To add it first, so that nothing is missing, has the kernel lose count of a full
 * set to which packets add meanwhile, and it then takes any number of elements: so only where that is
 * needed, because one of them has expired since.
 */
async function removeNotes(
  nft: NftProcess,
  set: string,
  keys: readonly string[],
): Promise<void> {
  try {
    await nft.exchange([`delete element ${TABLE} ${set} { ${keys.join(", ")} }`]);
  } catch (error) {
    if (!isAbsent(error)) throw error;
    await nft.exchange([removal(set, keys)]);
  }
}

/** Removes elements whether or not they are there, in one line and so in one transaction. */
function removal(set: string, keys: readonly string[]): string {
  return removeText(set, keys).trim().replaceAll("\n", "; ");
}

function touches(listed: readonly Element[][]): Touch[] {
  return listed.flat().map(({ key }) => ({ source: source(key), port: Number(key[1]) }));
}

function source(key: readonly (string | number)[]): Address {
  return parseAddress(String(key[0]));
}

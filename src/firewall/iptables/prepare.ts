import { FAMILIES } from "../../os/address.ts";
import { restoreSets } from "./ipset.ts";
import { createSets, type SetText } from "./ipset_text.ts";
import { allSets, type SetSpec, SPARE_PLACES } from "./sets.ts";

/** The sets of a window: those of a service's doors, or of traps. */
const OF_WINDOW = /^c3po-.+-\d+$/;
/** One of addresses with ports. No service has a name that begins so. */
const OF_ADDRESSES = /^c3po-6-.+-\d+$/;

/**
 * Makes those of some sets that are not there, all of them empty: rules that name them can be loaded then,
 * and match nothing.
 *
 * @param names those of C3PO's sets; what no version would make is passed over
 */
export async function makeEmptySets(names: readonly string[]): Promise<void> {
  await restoreSets(emptySetsText(names));
}

/** The commands that make them. */
export function emptySetsText(names: readonly string[]): SetText {
  const known = new Map(allSets(FAMILIES).map((set) => [set.name, set]));
  return createSets(names.flatMap((name): SetSpec[] => {
    const set = known.get(name);
    if (set !== undefined) return [set];
    if (OF_ADDRESSES.test(name)) return [{ ...SPARE_PLACES, name }];
    return OF_WINDOW.test(name) ? [{ name, type: "bitmap:port" }] : [];
  }));
}

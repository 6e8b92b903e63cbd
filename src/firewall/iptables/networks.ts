import { type Address, FAMILIES, parseCidr } from "../../os/address.ts";
import type { Refusal } from "../firewall.ts";
import { addEntries, removeEntries } from "./entries.ts";
import { saveSet, setSizes } from "./ipset.ts";
import { addEntry, parseEntries } from "./ipset_text.ts";
import { allowSet, MOST_NETWORKS } from "./sets.ts";

/** Has networks never banned. Those that a set has no room for are refused, the last ones. */
export async function allowNetworks(networks: readonly Address[]): Promise<Refusal[]> {
  const { fitting, refusals } = await fit(networks);
  const refused = await addEntries(
    allowSet,
    fitting.map((address) => ({
      address,
      text: addEntry(allowSet(address.family), address.text),
    })),
  );
  return [...refusals, ...refused];
}

/** Tells apart what there is room for. The sets are read only where that is in doubt. */
async function fit(
  networks: readonly Address[],
): Promise<{ fitting: readonly Address[]; refusals: Refusal[] }> {
  if (networks.length === 0) return { fitting: networks, refusals: [] };
  const sizes = await setSizes();
  const isSure = FAMILIES.every((family) =>
    (sizes.get(allowSet(family).name) ?? 0) + networks.length <= MOST_NETWORKS
  );
  if (isSure) return { fitting: networks, refusals: [] };
  const present = Map.groupBy(await allowedNetworks(), ({ family }) => family);
  const known = new Map(
    FAMILIES.map((each) => [each, new Set(present.get(each)?.map(({ text }) => text))]),
  );
  const refusals: Refusal[] = [];
  const fitting = networks.filter((address) => {
    const its = known.get(address.family)!;
    if (its.has(address.text)) return true;
    if (its.size < MOST_NETWORKS) {
      its.add(address.text);
      return true;
    }
    const reason = `the set holds ${MOST_NETWORKS} networks of IPv${address.family}, and is full`;
    refusals.push({ address, reason });
    return false;
  });
  return { fitting, refusals };
}

/** Ends that, where it was so. */
export async function disallowNetworks(networks: readonly Address[]): Promise<void> {
  await removeEntries(allowSet, networks);
}

/** The networks that are never banned. */
export async function allowedNetworks(): Promise<Address[]> {
  const each = await Promise.all(FAMILIES.map(async (family) => {
    const entries = parseEntries(await saveSet(allowSet(family).name) ?? "", allowSet(family));
    return entries.map(({ element }) => parseCidr(element));
  }));
  return each.flat();
}

import {
  type Address,
  bannedAddress,
  FAMILIES,
  type Family,
  isBannable,
  isNetwork,
  parseCidr,
} from "../../os/address.ts";
import { ToolFailure } from "../../os/tool_failure.ts";
import type { Ban, Refusal, Trust } from "../firewall.ts";
import { restoreSets, saveSet, setNames, setSizes, streamSet } from "./ipset.ts";
import {
  addEntry,
  createSets,
  elementOf,
  flushSets,
  parseEntries,
  parseEntry,
  removeEntry,
  type SetText,
} from "./ipset_text.ts";
import {
  allowSet,
  banSet,
  fleetSet,
  MOST_NETWORKS,
  NETWORKS,
  type SetSpec,
  trustSet,
} from "./sets.ts";

/** A pair of sets, by family. */
type SetPair = (family: Family) => SetSpec;

/** One entry and the line that puts it in. */
interface Line {
  readonly address: Address;
  readonly text: SetText;
}

/** The set of networks that are shut out whole, all of IPv6. */
const networkSet: SetPair = () => NETWORKS;

/** Shuts addresses out. Sets that are not there are made: `serve` takes them over. */
export async function addBans(bans: readonly Ban[]): Promise<Refusal[]> {
  const networks = bans.filter(({ address }) => isNetwork(address));
  if (networks.length === 0) return await addTo(banSet, bans);
  return [
    ...await addTo(banSet, bans.filter(({ address }) => !isNetwork(address))),
    ...await addTo(networkSet, networks),
  ];
}

/** Shuts out what other servers reported. */
export function addShared(bans: readonly Ban[]): Promise<Refusal[]> {
  return addTo(fleetSet, bans);
}

async function addTo(pair: SetPair, bans: readonly Ban[]): Promise<Refusal[]> {
  return await add(
    pair,
    bans.map(({ address, seconds }) => ({
      address,
      text: addEntry(pair(address.family), elementOf(address), seconds ?? 0),
    })),
  );
}

/** Trusts addresses. */
export async function addTrusted(trusted: readonly Trust[]): Promise<Refusal[]> {
  return await add(
    trustSet,
    trusted.map(({ address, seconds }) => ({
      address,
      text: addEntry(trustSet(address.family), elementOf(address), seconds),
    })),
  );
}

/** Has networks never banned. Those that a set has no room for are refused, the last ones. */
export async function addAllowed(networks: readonly Address[]): Promise<Refusal[]> {
  const { fitting, refusals } = await fit(networks);
  const refused = await add(
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
  const present = Map.groupBy(await listAllowed(), ({ family }) => family);
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

/** Takes addresses out of a pair of sets, as far as they are in them. */
async function removeFrom(pair: SetPair, addresses: readonly Address[]): Promise<void> {
  const families = await familiesWith(pair);
  await restoreSets(
    addresses.filter(({ family }) => families.includes(family)).map((address) =>
      removeEntry(pair(address.family), elementOf(address))
    ).join(""),
  );
}

/** Ends bans. */
export async function removeBans(addresses: readonly Address[]): Promise<void> {
  const networks = addresses.filter(isNetwork);
  if (networks.length > 0) await removeFrom(networkSet, networks);
  const units = addresses.filter((address) => !isNetwork(address));
  await removeFrom(banSet, units);
  await removeFrom(fleetSet, units);
}

/** Ends bans that other servers reported. */
export async function removeShared(addresses: readonly Address[]): Promise<void> {
  await removeFrom(fleetSet, addresses);
}

/** Has networks banned again. */
export async function removeAllowed(networks: readonly Address[]): Promise<void> {
  await removeFrom(allowSet, networks);
}

/** Ends all bans. */
export async function flushBans(): Promise<void> {
  const present = await setNames();
  const sets = [...FAMILIES.flatMap((family) => [banSet(family), fleetSet(family)]), NETWORKS];
  await restoreSets(flushSets(sets.filter(({ name }) => present.includes(name))));
}

/** Empties the sets of trusted addresses. */
export async function flushTrusted(): Promise<void> {
  await restoreSets(flushSets((await familiesWith(trustSet)).map(trustSet)));
}

/** The bans there are, some at a time. */
export async function* listBans(): AsyncGenerator<Ban[]> {
  const present = await setNames();
  for (const set of [...FAMILIES.map(banSet), NETWORKS]) {
    if (!present.includes(set.name)) continue;
    for await (const lines of streamSet(set.name)) {
      yield lines.flatMap((line) => {
        const entry = parseEntry(line, set);
        if (entry === null) return [];
        return [{ address: bannedAddress(entry.element), seconds: entry.seconds }];
      });
    }
  }
}

/** The networks that are never banned. */
export async function listAllowed(): Promise<Address[]> {
  const each = await Promise.all(FAMILIES.map(async (family) => {
    const entries = parseEntries(await saveSet(allowSet(family).name) ?? "", allowSet(family));
    return entries.map(({ element }) => parseCidr(element));
  }));
  return each.flat();
}

/** How many bans there are. */
export async function countBans(): Promise<Record<Family, number>> {
  const sizes = await setSizes();
  const sizeOf = ({ name }: SetSpec): number => sizes.get(name) ?? 0;
  return { 4: sizeOf(banSet(4)), 6: sizeOf(banSet(6)) + sizeOf(NETWORKS) };
}

async function familiesWith(pair: SetPair): Promise<Family[]> {
  const names = await setNames();
  return FAMILIES.filter((family) => names.includes(pair(family).name));
}

async function add(pair: SetPair, lines: readonly Line[]): Promise<Refusal[]> {
  const families = new Set(lines.map(({ address }) => address.family));
  const sets = createSets([...families].map(pair));
  const refused = lines.filter(({ address }) => pair !== allowSet && !isBannable(address));
  const refusals = refused.map(({ address }) => ({
    address,
    reason: "not a usable source address",
  }));
  const some = refused.length === 0 ? lines : lines.filter((line) => !refused.includes(line));
  try {
    await restoreSets(sets + some.map(({ text }) => text).join(""));
    return refusals;
  } catch (error) {
    if (!(error instanceof ToolFailure) || error.code === null) throw error;
    await restoreSets(sets);
    return [...refusals, ...await load(some)];
  }
}

/** Loads lines at once; if one is refused, halves of them, until only that one is left out. */
async function load(lines: readonly Line[]): Promise<Refusal[]> {
  try {
    await restoreSets(lines.map(({ text }) => text).join(""));
    return [];
  } catch (error) {
    // Without an exit code the tool did not finish, and no single line is to blame.
    if (!(error instanceof ToolFailure) || error.code === null) throw error;
    if (lines.length === 1) return [{ address: lines[0]!.address, reason: error.message }];
    const half = Math.ceil(lines.length / 2);
    const first = await load(lines.slice(0, half));
    const second = await load(lines.slice(half));
    // All of them refused is a failure of the set.
    if (first.length + second.length === lines.length && lines.length > 2) throw error;
    return [...first, ...second];
  }
}

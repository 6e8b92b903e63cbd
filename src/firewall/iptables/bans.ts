import { type Address, bannedAddress, FAMILIES, type Family, isNetwork } from "../../os/address.ts";
import { isBannable } from "../../os/address_scope.ts";
import type { Ban, Refusal, Trust } from "../firewall.ts";
import { addEntries, familiesWith, removeEntries, type SetPair } from "./entries.ts";
import { restoreSets, setNames, setSizes, streamSet } from "./ipset.ts";
import { addEntry, elementOf, flushSets, parseEntry } from "./ipset_text.ts";
import { banSet, fleetSet, NETWORKS, type SetSpec, trustSet } from "./sets.ts";

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

/** Trusts addresses. */
export function addTrusted(trusted: readonly Trust[]): Promise<Refusal[]> {
  return addTo(trustSet, trusted);
}

async function addTo(pair: SetPair, bans: readonly (Ban | Trust)[]): Promise<Refusal[]> {
  const { usable = [], unusable = [] } = Object.groupBy(
    bans,
    ({ address }) => isBannable(address) ? "usable" : "unusable",
  );
  const refused = await addEntries(
    pair,
    usable.map(({ address, seconds }) => ({
      address,
      text: addEntry(pair(address.family), elementOf(address), seconds ?? 0),
    })),
  );
  const reason = "not a usable source address";
  return [...unusable.map(({ address }) => ({ address, reason })), ...refused];
}

/** Ends bans, also shared ones. */
export async function removeBans(addresses: readonly Address[]): Promise<void> {
  const networks = addresses.filter(isNetwork);
  if (networks.length > 0) await removeEntries(networkSet, networks);
  const units = addresses.filter((address) => !isNetwork(address));
  await removeEntries(banSet, units);
  await removeEntries(fleetSet, units);
}

/** Ends bans that other servers reported. */
export async function removeShared(addresses: readonly Address[]): Promise<void> {
  await removeEntries(fleetSet, addresses);
}

/** Ends all bans, also shared ones. */
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

/** How many bans there are. */
export async function countBans(): Promise<Record<Family, number>> {
  const sizes = await setSizes();
  const sizeOf = ({ name }: SetSpec): number => sizes.get(name) ?? 0;
  return { 4: sizeOf(banSet(4)), 6: sizeOf(banSet(6)) + sizeOf(NETWORKS) };
}

import { type Address, parseBannedNetwork } from "../../os/address.ts";
import { isBannable } from "../../os/address_scope.ts";
import type { Ban, Refusal } from "../firewall.ts";
import { chunks, type Element } from "./elements.ts";
import { isFull } from "./nft.ts";
import { each, emptySets, type Entry, removeElements, replaceText } from "./set_edits.ts";
import { unlessAbsent } from "./set_presence.ts";
import { NETWORK_SETS } from "./sets.ts";

type NetworkSet = typeof NETWORK_SETS[number];

/** Shuts IPv6 networks out whole: a set for each length, since a rule looks up the first bits of an address. */
export async function banNetworks(bans: readonly Ban[]): Promise<Refusal[]> {
  const refusals = bans.filter(({ address }) => !isBannable(address)).map((
    { address },
  ): Refusal => ({
    address,
    reason: "not a usable source address",
  }));
  for (const set of NETWORK_SETS) {
    const usable = bans.filter(({ address }) => isBannable(address) && isIn(address, set));
    const entries = usable.map((ban): Entry => ({
      address: ban.address,
      key: keyOf(ban.address),
      rest: ban.seconds === null ? "" : ` timeout ${Math.max(1, Math.ceil(ban.seconds))}s`,
    }));
    try {
      refusals.push(...await each(entries, (some) => replaceText(set.name, some)));
    } catch (error) {
      if (!isFull(error)) throw error;
      refusals.push(...entries.map(({ address }) => ({ address, reason: "the set is full" })));
    }
  }
  return refusals;
}

/** Ends that, where it was so. */
export async function unbanNetworks(networks: readonly Address[]): Promise<void> {
  for (const set of NETWORK_SETS) {
    const keys = networks.filter((network) => isIn(network, set)).map(keyOf);
    for (const some of chunks(keys)) await removeElements(set.name, some);
  }
}

/** Ends all of them. A table that another version made has no such sets. */
export async function unbanAllNetworks(): Promise<void> {
  await unlessAbsent(() => emptySets(NETWORK_SETS.map(({ name }) => name)), undefined);
}

/**
 * The networks that are shut out.
 *
 * @param listing reads a set; null if that takes too long
 * @returns null if one took too long
 */
export async function shutOutNetworks(
  listing: (set: string) => Promise<Element[] | null>,
): Promise<Ban[] | null> {
  const bans: Ban[] = [];
  for (const { name, prefix } of NETWORK_SETS) {
    const listed = await unlessAbsent(() => listing(name), []);
    if (listed === null) return null;
    for (const { key: [base], seconds } of listed) {
      bans.push({ address: parseBannedNetwork(`${base}/${prefix}`), seconds });
    }
  }
  return bans;
}

function isIn({ text }: Address, { prefix }: NetworkSet): boolean {
  return text.endsWith(`/${prefix}`);
}

function keyOf({ text }: Address): string {
  return text.split("/")[0]!;
}

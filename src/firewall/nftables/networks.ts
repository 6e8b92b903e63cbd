import { type Address, FAMILIES, type Family, parseCidr } from "../../os/address.ts";
import { Malformed } from "../../os/errors.ts";
import type { Refusal } from "../firewall.ts";
import { type Element, elementsOf } from "./elements.ts";
import { ask, transact } from "./nft.ts";
import { addText, each, type Entry, removeText } from "./set_edits.ts";
import { setName, TABLE } from "./sets.ts";

const BITS: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };
/** Listing many thousands takes time, and only happens on request. */
const LISTING_MS = 60_000;

/**
 * Has networks never banned. The kernel melts overlapping intervals into one, so the networks themselves
 * are kept in a set of their own: of two that overlap, one can go and the other stays.
 */
export async function allowNetworks(networks: readonly Address[]): Promise<Refusal[]> {
  const { entries, refusals } = sort(networks);
  const refused = await each(
    entries,
    (some, family) =>
      addText(setName("network", family), some.map(({ key }) => key)) +
      addText(setName("allow", family), some.map(({ address }) => address.text)),
  );
  return [...refusals, ...refused];
}

/** Ends that. What is left is put in place in the same step. */
export async function disallowNetworks(networks: readonly Address[]): Promise<void> {
  for (const family of FAMILIES) {
    const { entries } = sort(networks.filter((network) => network.family === family));
    if (entries.length === 0) continue;
    const gone = new Set(entries.map(({ key }) => key));
    const kept = (await networkElements(family)).filter(({ key }) => !gone.has(key.join(" . ")));
    await transact(
      removeText(setName("network", family), [...gone]) +
        `flush set ${TABLE} ${setName("allow", family)}\n` +
        addText(setName("allow", family), kept.map((element) => networkOf(element).text)),
    );
  }
}

/** The networks that are never banned. */
export async function allowedNetworks(): Promise<Address[]> {
  const all: Element[][] = [];
  for (const family of FAMILIES) all.push(await networkElements(family));
  return all.flat().map(networkOf);
}

async function networkElements(family: Family): Promise<Element[]> {
  const set = setName("network", family);
  return elementsOf(await ask(["-j", "list", "set", ...TABLE.split(" "), set], LISTING_MS));
}

function networkOf({ key }: Element): Address {
  return parseCidr(`${key[0]}/${key[1]}`);
}

function sort(networks: readonly Address[]): { entries: Entry[]; refusals: Refusal[] } {
  const entries: Entry[] = [];
  const refusals: Refusal[] = [];
  for (const address of networks) {
    try {
      const { family, text } = parseCidr(address.text);
      const [base, prefix = BITS[family]] = text.split("/");
      entries.push({ address: { family, text }, key: `${base} . ${prefix}`, rest: "" });
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      refusals.push({ address, reason: error.message });
    }
  }
  return { entries, refusals };
}

import { type Address, FAMILIES, type Family, isNetwork } from "../../os/address.ts";
import { C3poError } from "../../os/errors.ts";
import type { Ban, Refusal, Trust } from "../firewall.ts";
import { banNetworks, shutOutNetworks, unbanNetworks } from "./ban_networks.ts";
import { chunks, type Element, elementsOf, flawOf, unitElement, unitOf } from "./elements.ts";
import { ask, isFull } from "./nft.ts";
import { addText, each, type Entry, removeElements, replaceText } from "./set_edits.ts";
import { BAN_SETS, type BanSet, FLEET, MARKS, setName, TABLE, TOUCHED } from "./sets.ts";

/** With more bans than these a listing takes a second and more: its price is the square of their number. */
const MOST_LISTED = 20_000;
const LISTING_MS = 2000;
/** For how long it is not asked again after it took too long. */
const REST_MS = 300_000;

/** Makes room for bans of a family, by giving up older ones. */
export type MakeRoom = (family: Family) => Promise<void>;

/** The sets of bans, and the one of those that are trusted. */
export class Bans {
  readonly #makeRoom: MakeRoom;
  /** How many there may be; only ever too high, until a listing tells. */
  #believed = 0;
  #restUntil = -Infinity;

  constructor(makeRoom: MakeRoom) {
    this.#makeRoom = makeRoom;
  }

  /** Hears of bans that the kernel made. */
  heard(count: number): void {
    this.#believed += count;
  }

  /** As {@linkcode Firewall.ban}. @param spilled whether the second set of a family is in use */
  async ban(bans: readonly Ban[], spilled: boolean): Promise<Refusal[]> {
    const { entries, refusals } = sort(bans.filter(({ address }) => !isNetwork(address)));
    this.#believed += bans.length;
    refusals.push(...await banNetworks(bans.filter(({ address }) => isNetwork(address))));
    const put = (set: BanSet) => (some: readonly Entry[], family: Family): string =>
      replaceText(setName(set, family), some) +
      (set === "more" ? addText(TOUCHED, [String(MARKS.more)]) : "");
    for (const family of FAMILIES) {
      const ours = entries.filter(({ address }) => address.family === family);
      refusals.push(
        ...await this.#roomy(family, async (set) => {
          const refused = await each(ours, put(set));
          // Of two times the longer one would count. First in, then out: no moment without a ban.
          if (set === "ban" && spilled) await remove("more", family, ours);
          return refused;
        }),
      );
    }
    return refusals;
  }

  async #roomy(
    family: Family,
    action: (set: BanSet) => Promise<Refusal[]>,
  ): Promise<Refusal[]> {
    for (const set of BAN_SETS) {
      try {
        return await action(set);
      } catch (error) {
        if (!isFull(error)) throw error;
      }
    }
    await this.#makeRoom(family);
    try {
      return await action("ban");
    } catch (error) {
      if (!isFull(error)) throw error;
      return await action("more");
    }
  }

  async unban(addresses: readonly Address[]): Promise<void> {
    const units = addresses.filter((address) => !isNetwork(address));
    const { entries } = sort(units.map((address) => ({ address, seconds: null })));
    for (const family of FAMILIES) {
      const ours = entries.filter(({ address }) => address.family === family);
      for (const set of [...BAN_SETS, FLEET] as const) await remove(set, family, ours);
    }
    await unbanNetworks(addresses.filter(isNetwork));
  }

  /** As {@linkcode Firewall.banShared}. */
  async share(bans: readonly Ban[]): Promise<Refusal[]> {
    const { entries, refusals } = sort(bans);
    for (const family of FAMILIES) {
      const ours = entries.filter(({ address }) => address.family === family);
      try {
        const put = (some: readonly Entry[]): string => replaceText(setName(FLEET, family), some);
        refusals.push(...await each(ours, put));
      } catch (error) {
        if (!isFull(error)) throw error;
        for (const { address } of ours) refusals.push({ address, reason: "the set is full" });
      }
    }
    return refusals;
  }

  /** As {@linkcode Firewall.unbanShared}. */
  async unshare(addresses: readonly Address[]): Promise<void> {
    const { entries } = sort(addresses.map((address) => ({ address, seconds: null })));
    for (const family of FAMILIES) {
      await remove(FLEET, family, entries.filter(({ address }) => address.family === family));
    }
  }

  /** Forgets the count: all bans are gone. */
  emptied(): void {
    this.#believed = 0;
    this.#restUntil = -Infinity;
  }

  /** As {@linkcode Firewall.bans}. */
  async list(most: number): Promise<Ban[] | null> {
    const limit = Math.min(most, MOST_LISTED);
    if (this.#believed > limit && performance.now() < this.#restUntil) return null;
    const listed = await this.#listed();
    if (listed === null) return null;
    this.#believed = listed.length;
    if (listed.length <= limit) return listed;
    this.#restUntil = performance.now() + REST_MS;
    return null;
  }

  async #listed(): Promise<Ban[] | null> {
    const byText = new Map<string, Ban>();
    for (const family of FAMILIES) {
      for (const set of BAN_SETS) {
        const listed = await this.#listing(setName(set, family));
        if (listed === null) return null;
        for (const element of listed) {
          const address = unitOf(element);
          const known = byText.get(address.text);
          if (known === undefined || isLonger(element.seconds, known.seconds)) {
            byText.set(address.text, { address, seconds: element.seconds });
          }
        }
      }
    }
    const networks = await shutOutNetworks((set) => this.#listing(set));
    return networks === null ? null : [...byText.values(), ...networks];
  }

  /** @returns null if it takes too long */
  async #listing(set: string): Promise<Element[] | null> {
    const startedAt = performance.now();
    try {
      return elementsOf(await ask(["-j", "list", "set", ...TABLE.split(" "), set], LISTING_MS));
    } catch (error) {
      if (!(error instanceof C3poError) || performance.now() - startedAt < LISTING_MS) throw error;
      this.#believed = Infinity;
      this.#restUntil = performance.now() + REST_MS;
      return null;
    }
  }

  /** As {@linkcode Firewall.trust}. */
  async trust(trusted: readonly Trust[]): Promise<Refusal[]> {
    const { entries, refusals } = sort(trusted);
    refusals.push(
      ...await each(entries, (some, family) => replaceText(setName("trust", family), some)),
    );
    return refusals;
  }
}

async function remove(
  set: BanSet | typeof FLEET,
  family: Family,
  entries: readonly Entry[],
): Promise<void> {
  for (const some of chunks(entries)) {
    await removeElements(setName(set, family), some.map(({ key }) => key));
  }
}

function isLonger(seconds: number | null, than: number | null): boolean {
  return than !== null && (seconds === null || seconds > than);
}

/** Entries for the sets, and what no set can hold. */
function sort(
  all: readonly { readonly address: Address; readonly seconds: number | null }[],
): { entries: Entry[]; refusals: Refusal[] } {
  const entries: Entry[] = [];
  const refusals: Refusal[] = [];
  for (const { address, seconds } of all) {
    const reason = flawOf(address);
    if (reason !== null) refusals.push({ address, reason });
    else {
      entries.push({
        address,
        key: keyOf(address),
        rest: seconds === null ? "" : ` timeout ${Math.max(1, Math.ceil(seconds))}s`,
      });
    }
  }
  return { entries, refusals };
}

function keyOf(address: Address): string {
  return unitElement(address);
}

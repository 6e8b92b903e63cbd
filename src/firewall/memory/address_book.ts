import { type Address, type Family, isNetwork, parseBannedNetwork } from "../../os/address.ts";
import type { Ban, Refusal, Trust } from "../firewall.ts";
import { unbannable } from "./networks.ts";
import type { Sets } from "./tables.ts";
import type { TimedSet } from "./timed_set.ts";

const MOST_NETWORKS = 1 << 16;

/** Who is shut out, trusted or allowed: what the sets of a kernel in memory take, and what they refuse. */
export class AddressBook {
  readonly #sets: ReadonlyMap<Family, Sets>;
  readonly #refused = new Map<string, string>();

  /** @param sets those of each family that is filtered */
  constructor(sets: ReadonlyMap<Family, Sets>) {
    this.#sets = sets;
  }

  /** Has an entry refused, by the text of its address or network. */
  refuse(text: string, reason: string): void {
    this.#refused.set(text, reason);
  }

  ban(bans: readonly Ban[]): Refusal[] {
    return [
      ...this.#add(bans.filter(({ address }) => !isNetwork(address)), ({ bans }) => bans),
      ...this.#add(bans.filter(({ address }) => isNetwork(address)), ({ networks }) => networks),
    ];
  }

  banShared(bans: readonly Ban[]): Refusal[] {
    return this.#add(bans, ({ shared }) => shared);
  }

  unban(addresses: readonly Address[]): void {
    for (const { family, text } of addresses) {
      const sets = this.#sets.get(family);
      for (const set of [sets?.bans, sets?.networks, sets?.shared]) set?.delete(text);
    }
  }

  unbanShared(addresses: readonly Address[]): void {
    for (const { family, text } of addresses) this.#sets.get(family)?.shared.delete(text);
  }

  unbanAll(): void {
    for (const { bans, networks, shared } of this.#sets.values()) {
      for (const set of [bans, networks, shared]) set.clear();
    }
  }

  /** The bans of this machine, without shared ones. */
  bans(): Ban[] {
    return [...this.#sets].flatMap(([family, { bans, networks }]) =>
      [...bans.list(), ...networks.list()].map(({ text, seconds }) => ({
        address: { family, text },
        seconds,
      }))
    );
  }

  /** How many of them a family has. */
  count(family: Family): number {
    const sets = this.#sets.get(family);
    return sets === undefined ? 0 : sets.bans.size + sets.networks.size;
  }

  trust(trusted: readonly Trust[]): Refusal[] {
    return this.#add(trusted, ({ trusted }) => trusted);
  }

  distrustAll(): void {
    for (const { trusted } of this.#sets.values()) trusted.clear();
  }

  allow(networks: readonly Address[]): Refusal[] {
    return this.#take(networks.map((address) => ({ address })), ({ address }, { allowed }) => {
      if (allowed.size >= MOST_NETWORKS && !allowed.has(address.text)) return "the set is full";
      allowed.set(address.text, address);
      return null;
    });
  }

  disallow(networks: readonly Address[]): void {
    for (const { family, text } of networks) this.#sets.get(family)?.allowed.delete(text);
  }

  allowed(): Address[] {
    return [...this.#sets.values()].flatMap(({ allowed }) => [...allowed.values()]);
  }

  #add(
    entries: readonly { readonly address: Address; readonly seconds: number | null }[],
    setOf: (sets: Sets) => TimedSet,
  ): Refusal[] {
    return this.#take(entries, ({ address, seconds }, sets) => {
      const unit = parseBannedNetwork(address.text);
      const reason = unbannable(unit);
      if (reason === null) setOf(sets).add(unit.text, seconds);
      return reason;
    });
  }

  /** Puts in every entry that the sets take. @param put returns why it does not */
  #take<T extends { readonly address: Address }>(
    entries: readonly T[],
    put: (entry: T, sets: Sets) => string | null,
  ): Refusal[] {
    const refusals: Refusal[] = [];
    for (const entry of entries) {
      const { family, text } = entry.address;
      const sets = this.#sets.get(family);
      const missing = sets === undefined ? `IPv${family} is not filtered here` : null;
      const reason = this.#refused.get(text) ?? missing ?? put(entry, sets!);
      if (reason !== null) refusals.push({ address: entry.address, reason });
    }
    return refusals;
  }
}

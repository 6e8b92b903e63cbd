import { type Address, isNetwork, networksOf } from "../os/address.ts";
import { isPublic } from "../os/address_scope.ts";
import { MOST_OFFENDERS, type Offender } from "./ledger.ts";

/** For how long a ban counts towards that of the network around it: an hour, in seconds. */
export const LADDER_SECONDS = 3600;
/** So many banned /64 of a /56 ban all of it, and so many banned /56 a /48. */
export const STEP = 4;
/**
 * So many banned /64 of a /48 ban all of it, wherever they are. Without it three of each /56 would never
 * reach the next step: 768 addresses.
 */
export const MOST_UNITS = 64;

/**
 * Counts what was banned by the IPv6 networks around it, so that the owner of a /48 has 64 addresses an hour
 * and not 65,536. Networks that are private to a site, as fd00::/8, are not counted.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseBanned } from "../os/address.ts";
 *
 * const ladder = new Ladder();
 * const [, , , last] = [1, 2, 3, 4].map((i) => ladder.climb(parseBanned(`2001:db8:0:${i}::`), 0));
 * assertEquals(last, [{ family: 6, text: "2001:db8::/56" }]);
 * ```
 */
export class Ladder {
  /** Banned /64, by the /56 and by the /48 around them. */
  readonly #units = new RecentMembers();
  /** Banned /56, by the /48 around them. */
  readonly #narrow = new RecentMembers();

  /** @param known what was banned before */
  constructor(known: Iterable<Offender> = []) {
    const units = [...known].filter(({ address }) => !isNetwork(address));
    for (const { address, lastHit } of units.sort((a, b) => a.lastHit - b.lastHit)) {
      this.climb(address, lastHit);
    }
  }

  /**
   * An address or /64 was banned.
   *
   * @param now unix milliseconds
   * @returns the networks that have to be banned for it, the narrow one first
   */
  climb(unit: Address, now: number): Address[] {
    const [narrow, wide] = networksOf(unit);
    if (narrow === undefined || wide === undefined || !isPublic(unit)) return [];
    this.#units.add(unit.text, [narrow.text, wide.text], now);
    const isNarrowDue = this.#units.count(narrow.text) >= STEP;
    if (isNarrowDue) this.#narrow.add(narrow.text, [wide.text], now);
    const isWideDue = this.#units.count(wide.text) >= MOST_UNITS ||
      (isNarrowDue && this.#narrow.count(wide.text) >= STEP);
    return [...isNarrowDue ? [narrow] : [], ...isWideDue ? [wide] : []];
  }

  /** Forgets what was counted of an address or a network. */
  forgive({ text }: Address): void {
    for (const members of [this.#units, this.#narrow]) {
      members.forget(text);
      members.forgetGroup(text);
    }
  }

  /** Forgets all. */
  forgiveAll(): void {
    this.#units.clear();
    this.#narrow.clear();
  }
}

/** What was banned within the hour, and how many of each network. A flood pushes out the oldest. */
class RecentMembers {
  /** In the order of their bans, the oldest first. */
  readonly #members = new Map<
    string,
    { readonly groups: readonly string[]; readonly at: number }
  >();
  readonly #counts = new Map<string, number>();

  /** How many members a group has. */
  count(group: string): number {
    return this.#counts.get(group) ?? 0;
  }

  add(member: string, groups: readonly string[], now: number): void {
    this.forget(member);
    for (const [each, { at }] of this.#members) {
      const isPast = Math.abs(now - at) >= LADDER_SECONDS * 1000;
      if (!isPast && this.#members.size < MOST_OFFENDERS) break;
      this.forget(each);
    }
    this.#members.set(member, { groups, at: now });
    for (const group of groups) this.#counts.set(group, this.count(group) + 1);
  }

  forget(member: string): void {
    for (const group of this.#members.get(member)?.groups ?? []) {
      const left = this.count(group) - 1;
      if (left > 0) this.#counts.set(group, left);
      else this.#counts.delete(group);
    }
    this.#members.delete(member);
  }

  forgetGroup(group: string): void {
    if (this.count(group) === 0) return;
    for (const [member, { groups }] of this.#members) {
      if (groups.includes(group)) this.forget(member);
    }
  }

  clear(): void {
    this.#members.clear();
    this.#counts.clear();
  }
}

import {
  type Address,
  FAMILIES,
  type Family,
  isNetwork,
  parseBannedNetwork,
} from "../os/address.ts";
import { Failure } from "../os/errors.ts";
import type { Window } from "../schedule/windows.ts";
import type {
  Activity,
  Ban,
  EngineReport,
  Firewall,
  Forwards,
  Obstacle,
  Policy,
  Refusal,
  Trust,
} from "./firewall.ts";
import { type Fallible, Faults } from "./memory/faults.ts";
import { refuseMistakes } from "./memory/mistakes.ts";
import type { MemoryKernel } from "./memory/kernel.ts";
import type { Sets } from "./memory/tables.ts";
import { unbannable } from "./memory/networks.ts";
import type { TimedSet } from "./memory/timed_set.ts";

export type { Answer, Attempt, Datagram, DatagramAnswer } from "./memory/attempt.ts";
export { MemoryKernel } from "./memory/kernel.ts";
export type { KernelOptions } from "./memory/tables.ts";
export type { Fallible } from "./memory/faults.ts";
export * as failures from "./memory/failures.ts";

const MOST_NETWORKS = 1 << 16;

/**
 * The engine that needs neither root nor a kernel, for tests of what stands on a firewall: it loads a
 * {@linkcode MemoryKernel}, and fails as the others do.
 *
 * @example
 * ```ts
 * let now = 1_800_000_000_000;
 * const kernel = new MemoryKernel({ now: () => now });
 * const firewall = new MemoryFirewall(kernel);
 * await firewall.ban([{ address: { family: 4, text: "192.0.2.1" }, seconds: 60 }]);
 * now += 61_000;
 * firewall.fail("bans", () => new Error("no answer"));
 * ```
 */
export class MemoryFirewall implements Firewall {
  readonly engine = "memory";
  readonly kernel: MemoryKernel;
  readonly #faults = new Faults();
  readonly #refused = new Map<string, string>();
  #policy: Policy | null = null;

  constructor(kernel: MemoryKernel) {
    this.kernel = kernel;
  }

  /**
   * Has the next calls of a method fail.
   *
   * @param failure makes the error of each
   * @param options how many calls, one unless given; and whether they fail after they have done their
   * work, as a tool that hangs at its end
   */
  fail(
    method: Fallible,
    failure: () => Error,
    { times = 1, isDone = false }: { times?: number; isDone?: boolean } = {},
  ): void {
    this.#faults.add(method, { times, failure, isDone });
  }

  /** Has the kernel refuse an entry, by the text of its address or network. */
  refuse(text: string, reason = "out of memory"): void {
    this.#refused.set(text, reason);
  }

  examine(): Promise<EngineReport> {
    const { families } = this.kernel;
    return this.#call("examine", () => ({ versions: "memory", families, limitations: [] }));
  }

  adopt(): Promise<boolean> {
    return this.#call("adopt", () => this.kernel.rules.size > 0);
  }

  load(policy: Policy, windows: readonly Window[]): Promise<void> {
    return this.#call("load", () => {
      refuseMistakes(policy, windows);
      this.#policy = policy;
      for (const family of this.kernel.families) this.kernel.load(family, { policy, windows });
      this.kernel.emptied.clear();
      this.#route(policy.door);
    });
  }

  open(windows: readonly Window[]): Promise<void> {
    return this.#call("open", () => {
      if (this.#policy === null) throw new Failure("windows are opened before rules are loaded");
      refuseMistakes(this.#policy, windows);
      // Where another tool removed the rules, new windows do not bring them back.
      for (const family of this.kernel.rules.keys()) {
        this.kernel.load(family, { policy: this.#policy, windows });
      }
    });
  }

  ban(bans: readonly Ban[]): Promise<readonly Refusal[]> {
    return this.#call(
      "ban",
      () => [
        ...this.#add(bans.filter(({ address }) => !isNetwork(address)), ({ bans }) => bans),
        ...this.#add(bans.filter(({ address }) => isNetwork(address)), ({ networks }) => networks),
      ],
    );
  }

  unban(addresses: readonly Address[]): Promise<void> {
    return this.#call("unban", () => {
      for (const { family, text } of addresses) {
        const sets = this.kernel.sets.get(family);
        sets?.bans.delete(text);
        sets?.networks.delete(text);
        sets?.shared.delete(text);
      }
    });
  }

  unbanAll(): Promise<void> {
    return this.#call("unbanAll", () =>
      this.#each(({ bans, networks, shared }) => {
        bans.clear();
        networks.clear();
        shared.clear();
      }));
  }

  banShared(bans: readonly Ban[]): Promise<readonly Refusal[]> {
    return this.#call("banShared", () => this.#add(bans, ({ shared }) => shared));
  }

  unbanShared(addresses: readonly Address[]): Promise<void> {
    return this.#call("unbanShared", () => {
      for (const { family, text } of addresses) this.kernel.sets.get(family)?.shared.delete(text);
    });
  }

  async everyBan(): Promise<AsyncIterable<readonly Ban[]> | null> {
    const bans = await this.bans(Infinity);
    return bans === null ? null : (async function* () {
      yield await Promise.resolve(bans);
    })();
  }

  bans(most: number): Promise<readonly Ban[] | null> {
    return this.#call("bans", () => {
      const bans: Ban[] = [];
      this.#each((sets, family) => {
        for (const { text, seconds } of [...sets.bans.list(), ...sets.networks.list()]) {
          bans.push({ address: { family, text }, seconds });
        }
      });
      return bans.length > most ? null : bans;
    });
  }

  countBans(): Promise<Readonly<Record<Family, number>> | null> {
    const count = (family: Family): number => {
      const sets = this.kernel.sets.get(family);
      return sets === undefined ? 0 : sets.bans.size + sets.networks.size;
    };
    return this.#call("countBans", () => ({ 4: count(4), 6: count(6) }));
  }

  trust(trusted: readonly Trust[]): Promise<readonly Refusal[]> {
    return this.#call("trust", () => this.#add(trusted, ({ trusted }) => trusted));
  }

  distrustAll(): Promise<void> {
    return this.#call("distrustAll", () => this.#each(({ trusted }) => trusted.clear()));
  }

  allow(networks: readonly Address[]): Promise<readonly Refusal[]> {
    return this.#call(
      "allow",
      () =>
        this.#take(networks.map((address) => ({ address })), ({ address }, { allowed }) => {
          if (allowed.size >= MOST_NETWORKS && !allowed.has(address.text)) return "the set is full";
          allowed.set(address.text, address);
          return null;
        }),
    );
  }

  disallow(networks: readonly Address[]): Promise<void> {
    return this.#call("disallow", () => {
      for (const { family, text } of networks) this.kernel.sets.get(family)?.allowed.delete(text);
    });
  }

  allowed(): Promise<readonly Address[]> {
    return this.#call(
      "allowed",
      () => [...this.kernel.sets.values()].flatMap(({ allowed }) => [...allowed.values()]),
    );
  }

  look(): Promise<Activity> {
    return this.#call("look", () => {
      const { hits, arrivals, confirmed } = this.kernel;
      const activity = {
        hits: [...hits.values()],
        confirmed: [...confirmed.values()],
        arrivals: [...arrivals.values()],
        intact: this.#gone().length === 0,
      };
      for (const notes of [hits, arrivals, confirmed]) notes.clear();
      return activity;
    });
  }

  drift(): Promise<readonly string[]> {
    return this.#call("drift", () => this.#gone());
  }

  watch(changed: (by: string | null) => void, signal: AbortSignal): Promise<void> {
    return this.#call("watch", () => this.kernel.watch(changed, signal));
  }

  forwards(): Promise<Forwards> {
    const { forwarded, unreadable } = this.kernel;
    return this.#call("forwards", () => ({
      ports: new Set(forwarded),
      unreadable: [...unreadable],
    }));
  }

  obstacles(policy: Policy): Promise<readonly Obstacle[]> {
    return this.#call("obstacles", () => policy.openFirewall ? [] : [...this.kernel.obstacles]);
  }

  isLoaded(): Promise<boolean> {
    return this.#call("isLoaded", () => this.kernel.rules.size > 0);
  }

  remove(): Promise<void> {
    return this.#call("remove", () => {
      this.#policy = null;
      this.kernel.clear();
      this.#route(undefined);
    });
  }

  preview(policy: Policy, windows: readonly Window[]): Promise<string> {
    return Promise.resolve(JSON.stringify({ policy, windows }, null, 2) + "\n");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #call<T>(method: Fallible, work: () => T | Promise<T>): Promise<T> {
    return this.#faults.run(method, work);
  }

  #gone(): string[] {
    if (this.#policy === null) return [];
    const gone = this.kernel.families.filter((family) => !this.kernel.rules.has(family));
    const { door } = this.#policy;
    const isRouted = door === undefined || this.kernel.routed.has(door);
    return [
      ...gone.map((family) => `IPv${family} rules`),
      ...this.kernel.emptied,
      ...isRouted ? [] : ["route of the door"],
    ];
  }

  #route(door: string | undefined): void {
    this.kernel.routed.clear();
    if (door !== undefined) this.kernel.routed.add(door);
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

  /** Puts in every entry that the kernel takes. @param put returns why it does not */
  #take<T extends { readonly address: Address }>(
    entries: readonly T[],
    put: (entry: T, sets: Sets) => string | null,
  ): Refusal[] {
    const refusals: Refusal[] = [];
    for (const entry of entries) {
      const { family, text } = entry.address;
      const sets = this.kernel.sets.get(family);
      const missing = sets === undefined ? `IPv${family} is not filtered here` : null;
      const reason = this.#refused.get(text) ?? missing ?? put(entry, sets!);
      if (reason !== null) refusals.push({ address: entry.address, reason });
    }
    return refusals;
  }

  #each(work: (sets: Sets, family: Family) => void): void {
    for (const family of FAMILIES) {
      const sets = this.kernel.sets.get(family);
      if (sets !== undefined) work(sets, family);
    }
  }
}

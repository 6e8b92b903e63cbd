import type { Address, Family } from "../os/address.ts";
import { Failure } from "../os/errors.ts";
import type { Window } from "../schedule/windows.ts";
import type {
  Activity,
  Ban,
  Drift,
  EngineReport,
  Firewall,
  Forwards,
  Obstacle,
  Refusal,
  Trust,
} from "./firewall.ts";
import type { Policy } from "./policy.ts";
import { AddressBook } from "./memory/address_book.ts";
import { type Fallible, Faults } from "./memory/faults.ts";
import { refuseMistakes } from "./memory/mistakes.ts";
import type { MemoryKernel } from "./memory/kernel.ts";

export type { Answer, Attempt, Datagram, DatagramAnswer } from "./memory/attempt.ts";
export { MemoryKernel } from "./memory/kernel.ts";
export type { KernelOptions } from "./memory/tables.ts";
export type { Fallible } from "./memory/faults.ts";
export * as failures from "./memory/failures.ts";

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
  readonly #book: AddressBook;
  #policy: Policy | null = null;

  constructor(kernel: MemoryKernel) {
    this.kernel = kernel;
    this.#book = new AddressBook(kernel.sets);
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
    this.#book.refuse(text, reason);
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
    return this.#call("ban", () => this.#book.ban(bans));
  }

  unban(addresses: readonly Address[]): Promise<void> {
    return this.#call("unban", () => this.#book.unban(addresses));
  }

  unbanAll(): Promise<void> {
    return this.#call("unbanAll", () => this.#book.unbanAll());
  }

  banShared(bans: readonly Ban[]): Promise<readonly Refusal[]> {
    return this.#call("banShared", () => this.#book.banShared(bans));
  }

  unbanShared(addresses: readonly Address[]): Promise<void> {
    return this.#call("unbanShared", () => this.#book.unbanShared(addresses));
  }

  async everyBan(): Promise<AsyncIterable<readonly Ban[]> | null> {
    const bans = await this.bans(Infinity);
    return bans === null ? null : (async function* () {
      yield await Promise.resolve(bans);
    })();
  }

  bans(most: number): Promise<readonly Ban[] | null> {
    return this.#call("bans", () => {
      const bans = this.#book.bans();
      return bans.length > most ? null : bans;
    });
  }

  countBans(): Promise<Readonly<Record<Family, number>> | null> {
    return this.#call("countBans", () => ({ 4: this.#book.count(4), 6: this.#book.count(6) }));
  }

  trust(trusted: readonly Trust[]): Promise<readonly Refusal[]> {
    return this.#call("trust", () => this.#book.trust(trusted));
  }

  distrustAll(): Promise<void> {
    return this.#call("distrustAll", () => this.#book.distrustAll());
  }

  allow(networks: readonly Address[]): Promise<readonly Refusal[]> {
    return this.#call("allow", () => this.#book.allow(networks));
  }

  disallow(networks: readonly Address[]): Promise<void> {
    return this.#call("disallow", () => this.#book.disallow(networks));
  }

  allowed(): Promise<readonly Address[]> {
    return this.#call("allowed", () => this.#book.allowed());
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

  drift(): Promise<readonly Drift[]> {
    return this.#call("drift", () => this.#gone().map((what) => ({ kind: "rules", what })));
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
}

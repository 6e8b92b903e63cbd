import type { Clock } from "../../os/clock.ts";
import { C3poError, Failure } from "../../os/errors.ts";
import { eventLog } from "../../os/event_log.ts";
import { retry } from "../../os/retry.ts";
import { FAMILIES, type Family } from "../../os/address.ts";
import type { Window } from "../../schedule/windows.ts";
import type { Drift } from "../firewall.ts";
import type { Policy } from "../policy.ts";
import { drift, ownRules, withPlanned } from "./drift.ts";
import { type LoadedFamily, loadFamily, replyBeside } from "./family_loader.ts";
import { restoreSets, setNames } from "./ipset.ts";
import { addEntry, createSets, destroySets, fillSet, fillSets, flushSets } from "./ipset_text.ts";
import { backendHere, isLocked, readRules, restoreRules } from "./iptables.ts";
import { policyChains } from "./policy_chains.ts";
import { referencesTo } from "./references.ts";
import { rewriteText } from "./restore_text.ts";
import type { Chain, Hook } from "./rules.ts";
import { printSaved, type SavedRules } from "./saved_rules.ts";
import { settled } from "./settled.ts";
import { allSets, isOurs, SENTINEL, SPARE, SPARE_PLACES, TOUCHED } from "./sets.ts";
import { WINDOW_CHAIN, windowChains, type WindowSet, windowSets } from "./window_chains.ts";

/** Another tool may hold the lock for half a minute: `ufw` or Docker loading a thousand rules. */
const LOCK_PATIENCE = { tries: 12, pauseMs: 200, passing: isLocked };

/** What was loaded last. */
interface Loaded {
  readonly policy: Policy;
  readonly windows: readonly Window[];
  readonly families: ReadonlyMap<Family, LoadedFamily>;
}

/** What the kernel has at a moment. */
interface Reading {
  readonly sets: readonly string[];
  readonly rules: ReadonlyMap<Family, SavedRules>;
}

const log = eventLog("firewall");

/** Puts rules and the sets of windows into the kernel, and knows what is there. */
export class RuleLoader {
  readonly #clock: Clock;
  #loaded: Loaded | null = null;
  /** What the sets of windows hold, by name: ports as text. */
  readonly #filled = new Map<string, string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Where services listen whose doors are loaded. */
  get servicePorts(): number[] {
    return this.#loaded?.policy.services.map(({ port }) => port) ?? [];
  }

  /** How many loaded rules note something in {@linkcode TOUCHED}. */
  get references(): number {
    const families = [...this.#loaded?.families.values() ?? []];
    return families.reduce((count, { chains }) => count + referencesTo(TOUCHED.name, chains), 0);
  }

  /** As `load` of the engine. @param families that are served */
  async load(
    policy: Policy,
    windows: readonly Window[],
    families: readonly Family[],
  ): Promise<void> {
    this.#filled.clear();
    await restoreSets(
      createSets(allSets(families)) + flushSets([SPARE]) + addEntry(TOUCHED, SENTINEL, 0),
    );
    await this.#fillSets(policy, windows);
    const loaded = new Map<Family, LoadedFamily>();
    for (const family of families) {
      const options = { ...LOCK_PATIENCE, what: `load the rules of IPv${family}` };
      loaded.set(
        family,
        await retry(() => loadFamily(family, policy, windows), options, this.#clock),
      );
    }
    this.#loaded = { policy, windows, families: loaded };
    await this.dropUnusedSets();
  }

  /** As `open` of the engine. */
  async open(windows: readonly Window[]): Promise<void> {
    if (this.#loaded === null) throw new Failure("no rules are loaded");
    const { policy, families: before } = this.#loaded;
    await this.#fillSets(policy, windows);
    const families = new Map<Family, LoadedFamily>();
    for (const [family, { reply, socket, chains: old, own }] of before) {
      const fresh = windowChains(family, policy, windows, reply);
      const isGone = (chain: Chain): boolean => !fresh.some((each) => isSame(each, chain));
      const stale = old.filter((chain) => chain.name.startsWith(WINDOW_CHAIN) && isGone(chain));
      await retry(
        () => restoreRules(family, rewriteText(fresh, stale)),
        { ...LOCK_PATIENCE, what: `open the windows of IPv${family}` },
        this.#clock,
      );
      const chains = [...policyChains(family, policy, reply, socket), ...fresh];
      families.set(family, { reply, socket, chains, own: withPlanned(own, fresh, stale) });
    }
    this.#loaded = { policy, windows, families };
    await this.dropUnusedSets();
  }

  /** What others have made of what was loaded, as soon as they are done with it. */
  async drift(): Promise<Drift[]> {
    const gone = this.#compare(await this.#read());
    if (gone.length === 0 || await backendHere() === "nft") return gone;
    return this.#compare(await settled(() => this.#read(), printReading, this.#clock));
  }

  async #read(): Promise<Reading> {
    const rules = new Map<Family, SavedRules>();
    const sets = await setNames();
    for (const family of this.#loaded?.families.keys() ?? []) {
      rules.set(family, await readRules(family));
    }
    return { sets, rules };
  }

  #compare({ sets, rules }: Reading): Drift[] {
    const gone: Drift[] = [];
    if (!sets.includes(TOUCHED.name)) gone.push({ kind: "sets", what: "sets" });
    for (const [family, { reply, own, chains }] of this.#loaded?.families ?? []) {
      const saved = rules.get(family)!;
      const found = drift(own, ownRules(saved), hooksOf(chains));
      if (replyBeside(saved) !== reply) {
        found.push({ kind: "reply", what: "reply of closed ports" });
      }
      gone.push(...found.map(({ kind, what }) => ({ kind, what: `IPv${family} ${what}` })));
    }
    return gone;
  }

  /** Nothing is loaded any more. */
  forget(): void {
    this.#loaded = null;
    this.#filled.clear();
  }

  /** Before rules look at them. A set that holds what it should is left alone. */
  async #fillSets(policy: Policy, windows: readonly Window[]): Promise<void> {
    const changed = windowSets(policy, windows).filter(({ set, elements }) =>
      this.#filled.get(set.name) !== elements.join()
    );
    const [ports, places] = [SPARE, SPARE_PLACES].map((spare) =>
      changed.filter(({ set }) => set.type === spare.type)
    ) as [WindowSet[], WindowSet[]];
    await restoreSets(
      ports.map(({ set, elements }) => fillSet(set, elements, SPARE)).join("") +
        fillSets(places, SPARE_PLACES),
    );
    for (const { set, elements } of changed) this.#filled.set(set.name, elements.join());
  }

  /** Behind the rules: a set that one looks at cannot go. What stays is taken next time. */
  async dropUnusedSets(): Promise<void> {
    if (this.#loaded === null) return;
    const { policy, windows } = this.#loaded;
    const wanted = new Set([
      ...allSets(FAMILIES).map(({ name }) => name),
      ...windowSets(policy, windows).map(({ set }) => set.name),
    ]);
    const unused = (await setNames()).filter((name) => isOurs(name) && !wanted.has(name));
    for (const name of unused) this.#filled.delete(name);
    try {
      await restoreSets(destroySets(unused));
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      log.debug("sets_in_use", "sets of past windows are still in use", { error: error.message });
    }
  }
}

function printReading({ sets, rules }: Reading): string {
  return [...sets, ...[...rules.values()].map(printSaved)].join("\n");
}

function isSame(a: Chain, b: Chain): boolean {
  return a.table === b.table && a.name === b.name;
}

function hooksOf(chains: readonly Chain[]): Map<string, Hook> {
  return new Map(
    chains.flatMap(({ table, name, hook }) =>
      hook === undefined ? [] : [[`${table} ${name}`, hook] as const]
    ),
  );
}

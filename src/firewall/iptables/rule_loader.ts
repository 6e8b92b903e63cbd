import type { Clock } from "../../os/clock.ts";
import { C3poError, Failure } from "../../os/errors.ts";
import { eventLog } from "../../os/event_log.ts";
import { retry } from "../../os/retry.ts";
import { FAMILIES, type Family } from "../../os/address.ts";
import { ToolFailure } from "../../os/tool_failure.ts";
import type { Window } from "../../schedule/windows.ts";
import type { Drift } from "../firewall.ts";
import type { Policy } from "../policy.ts";
import { drift, isComplete, type OwnRules, ownRules, withPlanned } from "./drift.ts";
import { restoreSets, setNames } from "./ipset.ts";
import { addEntry, createSets, destroySets, fillSet, fillSets, flushSets } from "./ipset_text.ts";
import { isLocked, readRules, restoreRules } from "./iptables.ts";
import { ownSocket } from "./own_socket.ts";
import { type ClosedPortReply, LOOKED_UP, type OwnSocket } from "./input_rules.ts";
import { policyChains } from "./policy_chains.ts";
import { referencesTo } from "./references.ts";
import { restoreText, rewriteText } from "./restore_text.ts";
import type { Chain, Hook } from "./rules.ts";
import { deniesByDefault, type SavedRules } from "./saved_rules.ts";
import { allSets, isOurs, SENTINEL, SPARE, SPARE_PLACES, TOUCHED } from "./sets.ts";
import { WINDOW_CHAIN, windowChains, type WindowSet, windowSets } from "./window_chains.ts";

/** Another tool may hold the lock for half a minute: `ufw` or Docker loading a thousand rules. */
const LOCK_PATIENCE = { tries: 12, pauseMs: 200, passing: isLocked };
/** Another tool may change rules between our load and our read. */
const LOAD_TRIES = 3;

/** What was loaded last. */
interface Loaded {
  readonly policy: Policy;
  readonly windows: readonly Window[];
  readonly families: ReadonlyMap<Family, LoadedFamily>;
}

interface LoadedFamily {
  readonly reply: ClosedPortReply;
  readonly socket: OwnSocket;
  /** The rules as the kernel prints them. */
  readonly own: OwnRules;
  readonly chains: readonly Chain[];
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

  /** What others have made of what was loaded. */
  async drift(): Promise<Drift[]> {
    const gone: Drift[] = [];
    if (!(await setNames()).includes(TOUCHED.name)) gone.push({ kind: "sets", what: "sets" });
    for (const [family, { reply, own, chains }] of this.#loaded?.families ?? []) {
      const saved = await readRules(family);
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

async function loadFamily(
  family: Family,
  policy: Policy,
  windows: readonly Window[],
): Promise<LoadedFamily> {
  const socket = await ownSocket(family);
  try {
    return await loadWith(socket, family, policy, windows);
  } catch (error) {
    // A kernel may refuse what its tools know.
    const refused = error instanceof ToolFailure && error.code !== null && !isLocked(error);
    if (!refused || socket === LOOKED_UP) throw error;
    return await loadWith(LOOKED_UP, family, policy, windows);
  }
}

async function loadWith(
  socket: OwnSocket,
  family: Family,
  policy: Policy,
  windows: readonly Window[],
): Promise<LoadedFamily> {
  for (let tries = 1; tries <= LOAD_TRIES; tries++) {
    const saved: SavedRules = await readRules(family);
    const reply = replyBeside(saved);
    const chains = [
      ...policyChains(family, policy, reply, socket),
      ...windowChains(family, policy, windows, reply),
    ];
    await restoreRules(family, restoreText(chains, saved));
    const own = ownRules(await readRules(family));
    if (isComplete(own, chains)) return { reply, socket, own, chains };
  }
  throw new Failure(`another tool keeps changing the rules of IPv${family}`, {
    hint: "find out which: xtables-monitor --event",
  });
}

/** How the other rules of a machine have closed ports answer. */
function replyBeside(saved: SavedRules): ClosedPortReply {
  return deniesByDefault(saved) ? "silence" : "reset";
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

import { getLogger } from "@logtape/logtape";
import type { Family } from "../core/address.ts";
import { Failure } from "../core/errors.ts";
import { drift, isComplete, type OwnRules, ownRules } from "../core/firewall/drift.ts";
import { restoreText } from "../core/firewall/iptables.ts";
import { applyOpening, createSets, type SetText, stageOpening } from "../core/firewall/ipset.ts";
import type { FirewallPlan } from "../core/firewall/rules.ts";
import type { Opening } from "../core/opening.ts";
import type { Clock } from "../host/clock.ts";
import { type ArmedChange, armSets, findIpset, restoreSets, setNames } from "../host/ipset.ts";
import { backendHere, BACKENDS, findIptables, isLocked, restoreRules } from "../host/iptables.ts";
import { persist } from "./persist.ts";
import { removeEverything, removeRules } from "./removal.ts";
import type { RuleBook } from "./rule_book.ts";

/** What is hidden, and for how long the kernel keeps it hidden without hearing from us. */
export interface Hiding {
  /** Where sshd listens. */
  readonly port: number;
  /** Seconds from a change of ports on; 0 is for ever. */
  readonly seconds: () => number;
}

/** A change of ports that waits for its moment. */
export interface StagedChange {
  apply(): Promise<void>;
  cancel(): Promise<void>;
}

/** Another tool may hold the lock for half a minute: `ufw` or Docker loading a thousand rules. */
const LOCK_PATIENCE = { tries: 12, pauseMs: 200, passing: isLocked };
/** Somebody else may change rules between our loading them and our looking at them. */
const LOAD_TRIES = 3;

const log = getLogger(["c3po", "kernel"]);

/** The firewall as the kernel has it. */
export class Kernel {
  readonly #plan: FirewallPlan;
  readonly #hiding: Hiding;
  readonly #book: RuleBook;
  readonly #clock: Clock;
  readonly #loaded = new Map<Family, OwnRules>();

  constructor(plan: FirewallPlan, hiding: Hiding, book: RuleBook, clock: Clock) {
    this.#plan = plan;
    this.#hiding = hiding;
    this.#book = book;
    this.#clock = clock;
  }

  /**
   * Makes sure that everything needed is there, before anything is changed.
   *
   * @throws {ToolFailure} naming the tool that is not
   */
  async look(): Promise<void> {
    await findIpset();
    for (const family of this.#plan.chains.keys()) await findIptables(family);
  }

  /**
   * Removes what a crash or another version left and this one cannot take over: sets of another
   * layout, with the rules that hold them, and rules in the tables of the iptables that is not in use.
   */
  async clearMisfits(): Promise<void> {
    const here = await backendHere();
    for (const family of this.#plan.chains.keys()) {
      for (const backend of BACKENDS) {
        if (backend !== here) await removeRules(family, backend);
      }
    }
    const present = await setNames();
    try {
      await restoreSets(createSets(this.#plan.sets.filter(({ name }) => present.includes(name))));
    } catch (error) {
      if (!(error instanceof Failure) || !/already exists/.test(error.message)) throw error;
      log.warn("sets of another layout are replaced, and bans with them");
      await this.remove();
    }
  }

  /**
   * Makes the sets, taking over those that are there.
   *
   * @param fill lines that put the first entries into them
   */
  async loadSets(fill: SetText): Promise<void> {
    await restoreSets(createSets(this.#plan.sets) + fill);
  }

  /**
   * Loads the rules of each family in one step a table; what is there of ours is replaced.
   *
   * @throws {Failure} if the kernel or another tool does not let them be
   */
  async loadRules(): Promise<void> {
    for (const family of this.#plan.chains.keys()) {
      await persist(
        () => this.#loadFamily(family),
        { ...LOCK_PATIENCE, what: `load the rules of IPv${family}` },
        this.#clock,
      );
    }
  }

  async #loadFamily(family: Family): Promise<void> {
    const chains = this.#plan.chains.get(family)!;
    for (let tries = 1; tries <= LOAD_TRIES; tries++) {
      await restoreRules(family, restoreText(chains, await this.#book.read(family)));
      const own = ownRules(await this.#book.read(family));
      this.#loaded.set(family, own);
      if (isComplete(own, chains)) return;
    }
    throw new Failure("another tool changes the rules while they are loaded", {
      hint: "start again when it is done",
    });
  }

  /** What other tools have made of the rules since they were loaded; empty if all is well. */
  async drift(): Promise<string[]> {
    const gone: string[] = [];
    for (const [family, loaded] of this.#loaded) {
      const now = ownRules(await this.#book.read(family));
      gone.push(...drift(loaded, now).map((what) => `IPv${family} ${what}`));
    }
    return gone;
  }

  /** Prepares a change of ports as far as it can be prepared. */
  async stage(opening: Opening): Promise<StagedChange> {
    const armed: ArmedChange = await armSets(stageOpening(opening));
    const { port, seconds } = this.#hiding;
    return {
      apply: () => armed.fire(applyOpening(port, seconds())),
      cancel: () => armed.cancel(),
    };
  }

  /** Removes every rule and set of ours, in whatever state they are; sessions live on. */
  async remove(): Promise<void> {
    this.#loaded.clear();
    await removeEverything([...this.#plan.chains.keys()], this.#hiding.port, this.#clock);
  }
}

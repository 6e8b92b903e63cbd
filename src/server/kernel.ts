import { getLogger } from "@logtape/logtape";
import { FAMILIES } from "../core/address.ts";
import { restoreText } from "../core/firewall/iptables.ts";
import {
  applyOpening,
  createSets,
  destroySets,
  type SetText,
  stageOpening,
} from "../core/firewall/ipset.ts";
import { SESSIONS } from "../core/firewall/plan.ts";
import type { FirewallPlan } from "../core/firewall/rules.ts";
import { allSets } from "../core/firewall/sets.ts";
import type { Opening } from "../core/opening.ts";
import { tracksConnections } from "../core/sockets.ts";
import type { Clock } from "../host/clock.ts";
import { type ArmedChange, armSets, findIpset, restoreSets, setNames } from "../host/ipset.ts";
import { findIptables, restoreRules, saveRules } from "../host/iptables.ts";
import { isConnected } from "../host/procfs.ts";

/** What is hidden, and for how long the kernel keeps it hidden without hearing from us. */
export interface Hiding {
  /** Where sshd listens. */
  readonly port: number;
  /** Seconds; 0 is for ever. */
  readonly seconds: number;
}

/** A change of ports that waits for its moment. */
export interface StagedChange {
  apply(): Promise<void>;
  cancel(): Promise<void>;
}

/** A deleted rule lets go of its sets a little later than the tool that deleted it returns. */
const RELEASE_TRIES = 50;
const RELEASE_MS = 20;

const KEPT = { chain: SESSIONS.name, removed: "by the next start or stop of serve" };

const log = getLogger(["c3po", "kernel"]);

/** The firewall as the kernel has it. */
export class Kernel {
  readonly #plan: FirewallPlan;
  readonly #hiding: Hiding;
  readonly #clock: Clock;

  constructor(plan: FirewallPlan, hiding: Hiding, clock: Clock) {
    this.#plan = plan;
    this.#hiding = hiding;
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
   * Makes the sets, taking over those that are there.
   *
   * @param fill lines that put the first entries into them
   */
  async loadSets(fill: SetText): Promise<void> {
    await restoreSets(createSets(this.#plan.sets) + fill);
  }

  /** Loads the rules of each family in one step a table; what is there of ours is replaced. */
  async loadRules(): Promise<void> {
    for (const [family, chains] of this.#plan.chains) {
      await restoreRules(family, restoreText(chains, await saveRules(family)));
    }
  }

  /** Prepares a change of ports as far as it can be prepared. */
  async stage(opening: Opening): Promise<StagedChange> {
    const armed: ArmedChange = await armSets(stageOpening(opening));
    const second = applyOpening(this.#hiding.port, this.#hiding.seconds);
    return { apply: () => armed.fire(second), cancel: () => armed.cancel() };
  }

  /** Removes every rule and set of ours, in whatever state they are; sessions live on. */
  async remove(): Promise<void> {
    const sessions = await isConnected(this.#hiding.port);
    for (const family of this.#plan.chains.keys()) {
      const saved = await saveRules(family);
      const left = sessions && !tracksConnections(saved) ? [SESSIONS] : [];
      if (left.length > 0) log.info("sessions are open, a chain stays that keeps them", KEPT);
      await restoreRules(family, restoreText(left, saved));
    }
    for (let tries = 1;; tries++) {
      const present = await setNames();
      const ours = allSets(FAMILIES).filter(({ name }) => present.includes(name));
      try {
        return await restoreSets(destroySets(ours));
      } catch (error) {
        if (tries === RELEASE_TRIES) throw error;
        await this.#clock.sleep(RELEASE_MS);
      }
    }
  }
}

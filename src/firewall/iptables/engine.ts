import { type Address, FAMILIES, type Family } from "../../os/address.ts";
import type { Clock } from "../../os/clock.ts";
import { tcpServices } from "../access.ts";
import { C3poError, Failure } from "../../os/errors.ts";
import { eventLog } from "../../os/event_log.ts";
import { ToolFailure } from "../../os/tool_failure.ts";
import type { Window } from "../../schedule/windows.ts";
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
} from "../firewall.ts";
import type { Policy } from "../policy.ts";
import {
  addBans,
  addShared,
  addTrusted,
  countBans,
  flushBans,
  flushTrusted,
  listBans,
  removeBans,
  removeShared,
} from "./bans.ts";
import { examine } from "./examine.ts";
import { doorRouteDrift, routeDoor, unrouteDoors } from "../door_network_route.ts";
import { findForwards } from "../other_tools/forwards/forwards.ts";
import { SessionKeeper } from "../other_tools/kept_sessions.ts";
import { findObstacles } from "../other_tools/input/denials.ts";
import { createSets } from "./ipset_text.ts";
import { hasElement, restoreSets, setNames } from "./ipset.ts";
import { backendHere, BACKENDS } from "./iptables.ts";
import { allowedNetworks, allowNetworks, disallowNetworks } from "./networks.ts";
import { Notes } from "./notes.ts";
import { preview } from "./preview.ts";
import { removeEverything, removeRules } from "./removal.ts";
import { watchRules } from "../other_tools/rule_events.ts";
import { findExemptions } from "../other_tools/untracked.ts";
import { RuleLoader } from "./rule_loader.ts";
import { IpsetProcess } from "./ipset_process.ts";
import { allSets, banSet, SENTINEL, TOUCHED } from "./sets.ts";

/** Where sessions are spared that an earlier run let in. */
const SSH_PORT = 22;

const log = eventLog("firewall");

/** iptables, ip6tables and ipset: the way that was published in 2007. */
export class IptablesFirewall implements Firewall {
  readonly engine = "iptables";
  readonly #clock: Clock;
  readonly #rules: RuleLoader;
  readonly #sessions = new SessionKeeper();
  readonly #sets = new IpsetProcess();
  readonly #notes = new Notes(this.#sets);
  #families: readonly Family[] = FAMILIES;
  #door: string | undefined;
  /** Whether rules of an earlier run may be in the tables of the other iptables. */
  #isAdopted = false;

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
    this.#rules = new RuleLoader(clock);
  }

  async examine(): Promise<EngineReport> {
    const report = await examine();
    this.#families = report.families;
    return report;
  }

  async adopt(): Promise<boolean> {
    this.#isAdopted = true;
    const present = await setNames();
    const known = allSets(this.#families).filter(({ name }) => present.includes(name));
    try {
      await restoreSets(createSets(known));
    } catch (error) {
      if (!(error instanceof ToolFailure) || error.code === null) throw error;
      log.warn("sets_replaced", "replaced sets of an incompatible version; their bans are lost", {
        error: error.message,
      });
      await this.remove();
      return false;
    }
    // Sets alone are what `c3po ban` made, or rules need that were saved with the rest of a firewall.
    return known.some(({ name }) => name === banSet(4).name) &&
      await hasElement(TOUCHED.name, SENTINEL);
  }

  async load(policy: Policy, windows: readonly Window[]): Promise<void> {
    if (policy.door !== undefined && !this.#families.includes(6)) {
      throw new Failure(`IPv6 is not filtered here, so "${policy.door}" cannot be a door`, {
        hint: "remove door from the configuration",
      });
    }
    this.#door = policy.door;
    await this.#rules.load(policy, windows, this.#families);
    if (this.#isAdopted) await this.#removeOther();
    this.#isAdopted = false;
    await this.#sessions.load(tcpServices(policy).map(({ port }) => port));
    await routeDoor(policy.door);
  }

  async open(windows: readonly Window[]): Promise<void> {
    await this.#rules.open(windows);
  }

  ban(bans: readonly Ban[]): Promise<Refusal[]> {
    return addBans(bans);
  }

  unban(banned: readonly Address[]): Promise<void> {
    return removeBans(banned);
  }

  unbanAll(): Promise<void> {
    return flushBans();
  }

  banShared(bans: readonly Ban[]): Promise<Refusal[]> {
    return addShared(bans);
  }

  unbanShared(banned: readonly Address[]): Promise<void> {
    return removeShared(banned);
  }

  async bans(most: number): Promise<readonly Ban[] | null> {
    const { 4: ipv4, 6: ipv6 } = await countBans();
    if (ipv4 + ipv6 > most) return null;
    return (await Array.fromAsync(listBans())).flat();
  }

  everyBan(): Promise<AsyncIterable<readonly Ban[]>> {
    return Promise.resolve(listBans());
  }

  countBans(): Promise<Readonly<Record<Family, number>>> {
    return countBans();
  }

  trust(trusted: readonly Trust[]): Promise<Refusal[]> {
    return addTrusted(trusted);
  }

  distrustAll(): Promise<void> {
    return flushTrusted();
  }

  allow(networks: readonly Address[]): Promise<Refusal[]> {
    return allowNetworks(networks);
  }

  disallow(networks: readonly Address[]): Promise<void> {
    return disallowNetworks(networks);
  }

  allowed(): Promise<Address[]> {
    return allowedNetworks();
  }

  look(): Promise<Activity> {
    return this.#notes.take(this.#families, this.#rules.references);
  }

  async drift(): Promise<Drift[]> {
    return [
      ...await this.#rules.drift(),
      ...await this.#sessions.drift(),
      ...await doorRouteDrift(this.#door),
    ];
  }

  async watch(changed: (by: string | null) => void, signal: AbortSignal): Promise<void> {
    // The older iptables makes no sound.
    if (await backendHere() === "nft") await watchRules(changed, signal);
  }

  forwards(): Promise<Forwards> {
    return findForwards();
  }

  async obstacles(policy: Policy): Promise<readonly Obstacle[]> {
    return [
      ...await findExemptions(policy, await backendHere()),
      ...await findObstacles(policy),
    ];
  }

  async isLoaded(): Promise<boolean> {
    return (await setNames()).includes(TOUCHED.name);
  }

  async remove(hasSuccessor = false): Promise<void> {
    const served = this.#rules.servicePorts;
    const ports = hasSuccessor ? [] : served.length > 0 ? served : [SSH_PORT];
    this.#rules.forget();
    this.#door = undefined;
    await this.#sets[Symbol.asyncDispose]();
    try {
      if (!hasSuccessor) await unrouteDoors();
      await removeEverything(this.#families, ports, this.#clock);
    } finally {
      await this.#sessions.remove(this.#clock);
    }
  }

  async preview(policy: Policy, windows: readonly Window[]): Promise<string> {
    return await preview(policy, windows, this.#families, this.#sessions);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sets[Symbol.asyncDispose]();
  }

  /**
   * What an earlier run left in the tables of the iptables that is not in use, which need not even work. Not
   * before the rules of this one are in place, so that nothing opens. Both look at the same sets.
   */
  async #removeOther(): Promise<void> {
    const here = await backendHere();
    for (const backend of BACKENDS.filter((each) => each !== here)) {
      for (const family of this.#families) {
        try {
          await removeRules(family, backend);
        } catch (error) {
          if (!(error instanceof C3poError)) throw error;
          log.debug("other_iptables", "the other iptables does not work here", {
            error: error.message,
          });
        }
      }
    }
    await this.#rules.dropUnusedSets();
  }
}

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
  EngineReport,
  Firewall,
  Forwards,
  Obstacle,
  Policy,
  Refusal,
  Trust,
} from "../firewall.ts";
import * as addresses from "./address_sets.ts";
import { examine } from "./examine.ts";
import { doorRouteDrift, doorRoutePreview, routeDoor, unrouteDoors } from "../door_route.ts";
import { findForwards } from "../others/forwards/forwards.ts";
import { SessionKeeper } from "../others/kept_sessions.ts";
import { findObstacles } from "../others/input/denials.ts";
import { hasElement, restoreSets, setNames } from "./ipset.ts";
import { addEntry, createSets } from "./ipset_text.ts";
import { backendHere, BACKENDS } from "./iptables.ts";
import { Notes } from "./notes.ts";
import { ownSocket } from "./own_socket.ts";
import { policyChains } from "./plan.ts";
import { removeEverything, removeRules } from "./removal.ts";
import { restoreText } from "./restore_text.ts";
import { watchRules } from "../others/rule_events.ts";
import { findExemptions } from "../others/untracked.ts";
import { RuleLoader } from "./rule_loader.ts";
import { SetSession } from "./set_session.ts";
import { allSets, banSet, SENTINEL, TOUCHED } from "./sets.ts";
import { windowChains, windowSets } from "./window_chains.ts";

/** Where sessions are spared that an earlier run let in. */
const SSH_PORT = 22;

const log = eventLog("firewall");

/** iptables, ip6tables and ipset: the way that was published in 2007. */
export class IptablesFirewall implements Firewall {
  readonly engine = "iptables";
  readonly #clock: Clock;
  readonly #rules: RuleLoader;
  readonly #sessions = new SessionKeeper();
  readonly #sets = new SetSession();
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
    return addresses.addBans(bans);
  }

  unban(banned: readonly Address[]): Promise<void> {
    return addresses.removeBans(banned);
  }

  unbanAll(): Promise<void> {
    return addresses.flushBans();
  }

  banShared(bans: readonly Ban[]): Promise<Refusal[]> {
    return addresses.addShared(bans);
  }

  unbanShared(banned: readonly Address[]): Promise<void> {
    return addresses.removeShared(banned);
  }

  async bans(most: number): Promise<readonly Ban[] | null> {
    const { 4: ipv4, 6: ipv6 } = await addresses.countBans();
    if (ipv4 + ipv6 > most) return null;
    return (await Array.fromAsync(addresses.listBans())).flat();
  }

  everyBan(): Promise<AsyncIterable<readonly Ban[]>> {
    return Promise.resolve(addresses.listBans());
  }

  countBans(): Promise<Readonly<Record<Family, number>>> {
    return addresses.countBans();
  }

  trust(trusted: readonly Trust[]): Promise<Refusal[]> {
    return addresses.addTrusted(trusted);
  }

  distrustAll(): Promise<void> {
    return addresses.flushTrusted();
  }

  allow(networks: readonly Address[]): Promise<Refusal[]> {
    return addresses.addAllowed(networks);
  }

  disallow(networks: readonly Address[]): Promise<void> {
    return addresses.removeAllowed(networks);
  }

  allowed(): Promise<Address[]> {
    return addresses.listAllowed();
  }

  look(): Promise<Activity> {
    return this.#notes.take(this.#families, this.#rules.references);
  }

  async drift(): Promise<string[]> {
    return [
      ...await this.#rules.drift(),
      ...await this.#sessions.gone(),
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
    return [...await findExemptions(policy), ...await findObstacles(policy)];
  }

  async isLoaded(): Promise<boolean> {
    return (await setNames()).includes(TOUCHED.name);
  }

  async remove(isSucceeded = false): Promise<void> {
    const served = this.#rules.servicePorts;
    const ports = isSucceeded ? [] : served.length > 0 ? served : [SSH_PORT];
    this.#rules.forget();
    this.#door = undefined;
    await this.#sets[Symbol.asyncDispose]();
    try {
      if (!isSucceeded) await unrouteDoors();
      await removeEverything(this.#families, ports, this.#clock);
    } finally {
      await this.#sessions.remove(this.#clock);
    }
  }

  async preview(policy: Policy, windows: readonly Window[]): Promise<string> {
    const fill = windowSets(policy, windows).map(({ set, elements }) =>
      createSets([set]) + elements.map((each) => addEntry(set, each)).join("")
    );
    const texts = [
      "# ipset restore\n",
      createSets(allSets(this.#families)),
      ...fill,
      ...await Promise.all(this.#families.map(async (family) => {
        const tool = family === 4 ? "iptables-restore" : "ip6tables-restore";
        const chains = [
          ...policyChains(family, policy, "reset", await ownSocket(family)),
          ...windowChains(family, policy, windows, "reset"),
        ];
        return `# ${tool} --noflush\n${restoreText(chains, new Map())}`;
      })),
      await this.#sessions.preview(tcpServices(policy).map(({ port }) => port)),
      doorRoutePreview(policy.door),
    ];
    return texts.join("");
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

import { type Address, FAMILIES, type Family } from "../../os/address.ts";
import { type Clock, systemClock } from "../../os/clock.ts";
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
import { unbanAllNetworks } from "./ban_networks.ts";
import { Bans } from "./bans.ts";
import { examine } from "./examine.ts";
import {
  doorRouteDrift,
  doorRoutePreview,
  routeDoor,
  unrouteDoors,
} from "../door_network_route.ts";
import { findForwards } from "../other_tools/forwards/forwards.ts";
import { findDenials, findObstacles } from "../other_tools/input/denials.ts";
import { allowedPorts, allowsSamePorts, letIn, letInNoMore } from "./let_in.ts";
import { hasOtherSets, hasRules } from "./layout.ts";
import { findTable, listTables } from "./listing.ts";
import { allowedNetworks, allowNetworks, disallowNetworks } from "./networks.ts";
import { transact } from "./nft.ts";
import { readMarks, takeNotes } from "./notes.ts";
import { RuleLoader } from "./rule_loader.ts";
import { NftProcess } from "./nft_process.ts";
import { removeEverything } from "./removal.ts";
import { ANCHOR } from "./sessions.ts";
import { BAN_CAPACITY, BAN_SETS, type BanSet, FLEET, FULL, MARKS, setName, TABLE } from "./sets.ts";
import { emptySets } from "./set_edits.ts";
import { unlessAbsent, withSets } from "./set_presence.ts";
import { kernelFeatures } from "./kernel_features.ts";
import { allChains, loadText } from "./table_text.ts";
import { watchRules } from "../other_tools/rule_events.ts";
import { findExemptions } from "../other_tools/untracked.ts";

/** What an engine may be given. */
export interface NftablesOptions {
  /** How many bans one of two sets of a family holds; more than a million unless given. */
  readonly capacity?: number;
  /** That of the system unless given. */
  readonly clock?: Clock;
}

/** The packet filter in one table of nftables, for both families. */
export class NftablesFirewall implements Firewall {
  readonly engine = "nftables";
  readonly #capacity: number;
  readonly #clock: Clock;
  readonly #nft = new NftProcess({ greeting: ANCHOR });
  readonly #bans = new Bans((family) => this.#makeRoom(family));
  /** Marks of what was noted and could not be read yet. */
  readonly #owed = new Set<number>();
  readonly #rules: RuleLoader;
  /** Of each family, the set of bans that was full first. */
  readonly #older: Record<Family, BanSet> = { 4: "ban", 6: "ban" };

  constructor({ capacity = BAN_CAPACITY, clock = systemClock }: NftablesOptions = {}) {
    this.#clock = clock;
    this.#capacity = capacity;
    this.#rules = new RuleLoader(capacity, this.#nft);
  }

  async examine(): Promise<EngineReport> {
    return await examine(this.#capacity);
  }

  async adopt(): Promise<boolean> {
    const table = findTable(await listTables(), TABLE);
    if (table === undefined) return false;
    if (!hasOtherSets(table)) return hasRules(table); // sets alone are what `c3po ban` made
    await transact(`delete table ${TABLE}\n`);
    return false;
  }

  async load(policy: Policy, windows: readonly Window[]): Promise<void> {
    const before = this.#rules.loaded?.policy;
    await this.#rules.load(policy, windows);
    // Those for other ports go; if the policy is the same, no connection is refused in between.
    if (!policy.openFirewall || !allowsSamePorts(policy, before)) await letInNoMore();
    if (policy.openFirewall) await letIn(policy);
    await routeDoor(policy.door);
    await this.#nft.begin(); // and with it what keeps sessions alive while others change rules
  }

  async open(windows: readonly Window[]): Promise<void> {
    await this.#rules.open(windows);
  }

  async ban(bans: readonly Ban[]): Promise<readonly Refusal[]> {
    if (bans.length === 0) return [];
    const marks = await readMarks(this.#nft);
    const isSpilled = marks?.has(MARKS.more) ?? false;
    return await withSets(this.#capacity, () => this.#bans.ban(bans, isSpilled));
  }

  async unban(addresses: readonly Address[]): Promise<void> {
    await unlessAbsent(() => this.#bans.unban(addresses), undefined);
  }

  async unbanAll(): Promise<void> {
    await this.#empty(
      FAMILIES.flatMap((family) => [...BAN_SETS, FLEET].map((set) => setName(set, family))),
    );
    await unbanAllNetworks();
    this.#bans.emptied();
  }

  async banShared(bans: readonly Ban[]): Promise<readonly Refusal[]> {
    if (bans.length === 0) return [];
    return await withSets(this.#capacity, () => this.#bans.share(bans));
  }

  async unbanShared(addresses: readonly Address[]): Promise<void> {
    await unlessAbsent(() => this.#bans.unshare(addresses), undefined);
  }

  /** Empties sets, by way of making them anew where their rules are known. */
  async #empty(sets: readonly string[]): Promise<void> {
    const { loaded } = this.#rules;
    if (loaded === null || !await this.isLoaded()) {
      await unlessAbsent(() => emptySets(sets), undefined);
    } else await this.#rules.load(loaded.policy, loaded.windows, sets);
  }

  /** When both sets of a family are full, the bans of the older one end. */
  async #makeRoom(family: Family): Promise<void> {
    const older = this.#older[family];
    await this.#empty([setName(older, family), FULL]);
    this.#older[family] = older === "ban" ? "more" : "ban";
  }

  async bans(most: number): Promise<readonly Ban[] | null> {
    return await unlessAbsent(() => this.#bans.list(most), []);
  }

  async everyBan(): Promise<AsyncIterable<readonly Ban[]> | null> {
    const bans = await this.bans(Infinity);
    return bans === null ? null : (async function* () {
      yield await Promise.resolve(bans);
    })();
  }

  async countBans(): Promise<Readonly<Record<Family, number>> | null> {
    const bans = await this.bans(Infinity);
    if (bans === null) return null;
    const count = { 4: 0, 6: 0 };
    for (const { address } of bans) count[address.family]++;
    return count;
  }

  async trust(trusted: readonly Trust[]): Promise<readonly Refusal[]> {
    return await withSets(this.#capacity, () => this.#bans.trust(trusted));
  }

  async distrustAll(): Promise<void> {
    const sets = FAMILIES.map((family) => setName("trust", family));
    await unlessAbsent(() => emptySets(sets), undefined);
  }

  async allow(networks: readonly Address[]): Promise<readonly Refusal[]> {
    return await withSets(this.#capacity, () => allowNetworks(networks));
  }

  async disallow(networks: readonly Address[]): Promise<void> {
    await unlessAbsent(() => disallowNetworks(networks), undefined);
  }

  async allowed(): Promise<readonly Address[]> {
    return await unlessAbsent(allowedNetworks, []);
  }

  async look(): Promise<Activity> {
    const { full, hits, confirmed, ...rest } = await takeNotes(this.#nft, this.#owed);
    this.#bans.heard(hits.length + confirmed.length);
    for (const family of full) await this.#makeRoom(family);
    return { hits, confirmed, ...rest };
  }

  async drift(): Promise<readonly Drift[]> {
    const policy = this.#rules.loaded?.policy;
    const shut = policy?.openFirewall ? await findDenials(allowedPorts(policy)) : [];
    return [
      ...await this.#rules.drift(),
      ...await doorRouteDrift(policy?.door),
      ...shut.map(({ chain }) =>
        ({ kind: "rules", what: `what lets in through ${chain}` }) as const
      ),
    ];
  }

  async watch(changed: (by: string | null) => void, signal: AbortSignal): Promise<void> {
    await watchRules(changed, signal);
    // Without iptables' monitor nothing tells, and `nft monitor` would keep every element of every set in
    // memory. Each look sees whether the table is there; the rules in it are read from time to time.
    if (!signal.aborted) await aborted(signal);
  }

  async forwards(): Promise<Forwards> {
    return await findForwards();
  }

  async obstacles(policy: Policy): Promise<readonly Obstacle[]> {
    return [...await findExemptions(policy, null), ...await findObstacles(policy)];
  }

  async isLoaded(): Promise<boolean> {
    return hasRules(findTable(await listTables(), TABLE));
  }

  async remove(hasSuccessor = false): Promise<void> {
    this.#rules.forget();
    try {
      if (!hasSuccessor) await unrouteDoors();
      await removeEverything(hasSuccessor, this.#clock);
    } finally {
      await this.#nft[Symbol.asyncDispose](); // last: it is what keeps sessions alive meanwhile
    }
  }

  async preview(policy: Policy, windows: readonly Window[]): Promise<string> {
    const here = await kernelFeatures();
    return loadText(allChains(policy, windows, here), this.#capacity) +
      doorRoutePreview(policy.door) +
      `# kept by a running nft, and gone with it
${ANCHOR}
`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#nft[Symbol.asyncDispose]();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true })
  );
}

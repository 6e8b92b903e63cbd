import { Failure } from "../../os/errors.ts";
import type { Window } from "../../schedule/windows.ts";
import type { Drift } from "../firewall.ts";
import type { Policy } from "../policy.ts";
import type { Bank, Chain } from "./chains.ts";
import { differences, hasOtherSets, isWhole, staleChains } from "./layout.ts";
import { findTable, listTables, type Table } from "./listing.ts";
import { transact } from "./nft.ts";
import type { NftProcess } from "./nft_process.ts";
import { type KernelFeatures, kernelFeatures } from "./kernel_features.ts";
import { TABLE } from "./sets.ts";
import { allChains, emptyCommands, loadText, openText, otherBank } from "./table_text.ts";

/** What was loaded. */
interface Loaded {
  readonly policy: Policy;
  readonly windows: readonly Window[];
  readonly bank: Bank;
  /** As nft lists it. */
  readonly table: Table;
}

/** Puts rules in place, and knows what became of them. */
export class RuleLoader {
  readonly #capacity: number;
  readonly #nft: NftProcess;
  #loaded: Loaded | null = null;
  #features: KernelFeatures | null = null;

  constructor(capacity: number, nft: NftProcess) {
    this.#capacity = capacity;
    this.#nft = nft;
  }

  /** What was loaded last; null if nothing was. */
  get loaded(): Pick<Loaded, "policy" | "windows"> | null {
    return this.#loaded;
  }

  /** @param emptied sets that lose what they hold */
  async load(
    policy: Policy,
    windows: readonly Window[],
    emptied: readonly string[] = [],
  ): Promise<void> {
    const chains = await this.#chains(policy, windows, 0);
    const found = findTable(await listTables(), TABLE);
    await transact(loadText(chains, this.#capacity, {
      isFresh: found !== undefined && hasOtherSets(found),
      stale: staleChains(found, chains),
      emptied: found === undefined ? [] : emptied,
    }));
    await this.#note({ policy, windows, bank: 0 }, chains);
  }

  async open(windows: readonly Window[]): Promise<void> {
    if (this.#loaded === null) {
      throw new Error("nothing was loaded whose windows could be replaced");
    }
    const { policy, bank: old } = this.#loaded;
    const bank = otherBank(old);
    await transact(openText(policy, windows, bank));
    await this.#nft.exchange(emptyCommands(policy, old));
    await this.#note({ policy, windows, bank }, await this.#chains(policy, windows, bank));
  }

  /** Writes down how nft lists what was loaded, to know later what another tool made of it. */
  async #note(loaded: Omit<Loaded, "table">, chains: readonly Chain[]): Promise<void> {
    const table = findTable(await listTables(), TABLE);
    if (table === undefined || !isWhole(table, chains)) {
      throw new Failure("another tool keeps changing the nftables rules while they are loaded", {
        hint: `find out which: run "nft monitor" and watch the table ${TABLE}`,
      });
    }
    this.#loaded = { ...loaded, table };
  }

  async drift(): Promise<Drift[]> {
    if (this.#loaded === null) return [];
    const changes = differences(this.#loaded.table, findTable(await listTables(), TABLE));
    return changes.map((what) => ({ kind: "rules", what }));
  }

  /** Nothing is loaded any more. */
  forget(): void {
    this.#loaded = null;
  }

  async #chains(policy: Policy, windows: readonly Window[], bank: Bank): Promise<Chain[]> {
    this.#features ??= await kernelFeatures();
    return allChains(policy, windows, this.#features, bank);
  }
}

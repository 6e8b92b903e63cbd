import { Failure } from "../../os/errors.ts";
import type { Window } from "../../schedule/windows.ts";
import type { Policy } from "../firewall.ts";
import type { Chain } from "./chains.ts";
import { differences, isMisfit, isWhole, staleChains } from "./layout.ts";
import { findTable, listTables, type Table } from "./listing.ts";
import { transact } from "./nft.ts";
import type { Surroundings } from "./rules.ts";
import { surroundings } from "./surroundings.ts";
import { TABLE } from "./sets.ts";
import { allChains, loadText, openText } from "./table_text.ts";

/** What was loaded. */
interface Loaded {
  readonly policy: Policy;
  readonly windows: readonly Window[];
  /** As nft lists it. */
  readonly table: Table;
}

/** Puts rules in place, and knows what became of them. */
export class RuleBook {
  readonly #capacity: number;
  #loaded: Loaded | null = null;
  #surroundings: Promise<Surroundings> | null = null;

  constructor(capacity: number) {
    this.#capacity = capacity;
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
    const chains = await this.#chains(policy, windows);
    const found = findTable(await listTables(), TABLE);
    await transact(loadText(chains, this.#capacity, {
      isFresh: found !== undefined && isMisfit(found),
      stale: staleChains(found, chains),
      emptied: found === undefined ? [] : emptied,
    }));
    await this.#note(policy, windows, chains);
  }

  async open(windows: readonly Window[]): Promise<void> {
    if (this.#loaded === null) {
      throw new Error("nothing was loaded whose windows could be replaced");
    }
    const { policy } = this.#loaded;
    await transact(openText(policy, windows));
    await this.#note(policy, windows, await this.#chains(policy, windows));
  }

  /** Writes down how nft lists what was loaded, to know later what another tool made of it. */
  async #note(
    policy: Policy,
    windows: readonly Window[],
    chains: readonly Chain[],
  ): Promise<void> {
    const table = findTable(await listTables(), TABLE);
    if (table === undefined || !isWhole(table, chains)) {
      throw new Failure("another tool keeps changing the nftables rules while they are loaded", {
        hint: `find out which: run "nft monitor" and watch the table ${TABLE}`,
      });
    }
    this.#loaded = { policy, windows, table };
  }

  async drift(): Promise<string[]> {
    if (this.#loaded === null) return [];
    return differences(this.#loaded.table, findTable(await listTables(), TABLE));
  }

  /** Nothing is loaded any more. */
  forget(): void {
    this.#loaded = null;
  }

  async #chains(policy: Policy, windows: readonly Window[]): Promise<Chain[]> {
    return allChains(policy, windows, await (this.#surroundings ??= surroundings(this.#capacity)));
  }
}

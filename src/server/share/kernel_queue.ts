import type { Firewall } from "../../firewall/firewall.ts";
import type { SharedBan } from "../../fleet/running_bans.ts";
import type { Address } from "../../os/address.ts";
import { eventLog } from "../../os/event_log.ts";

const log = eventLog("share");

/** Bans of the fleet that the kernel has yet to be told of. A call that failed is made again by the next flush. */
export class KernelQueue {
  readonly #firewall: Pick<Firewall, "banShared" | "unbanShared">;
  /** By address: the ban it gets, or null if its ban ends. */
  #changes = new Map<string, { readonly address: Address; readonly until: number | null }>();
  #last: Promise<void> = Promise.resolve();

  constructor(firewall: Pick<Firewall, "banShared" | "unbanShared">) {
    this.#firewall = firewall;
  }

  /** How many changes wait. */
  get size(): number {
    return this.#changes.size;
  }

  /** Bans addresses. */
  ban(bans: readonly Pick<SharedBan, "address" | "until">[]): void {
    for (const { address, until } of bans) this.#changes.set(address.text, { address, until });
  }

  /** Ends bans. */
  unban(addresses: readonly Address[]): void {
    for (const address of addresses) this.#changes.set(address.text, { address, until: null });
  }

  /** Tells the kernel, one call after the other. @param now unix milliseconds */
  async flush(now: number): Promise<void> {
    const before = this.#last;
    const turn = (async () => {
      await before.catch(() => {});
      await this.#tell(now);
    })();
    this.#last = turn;
    await turn;
  }

  async #tell(now: number): Promise<void> {
    if (this.#changes.size === 0) return;
    const changes = this.#changes;
    this.#changes = new Map();
    try {
      const ends: Address[] = [];
      const bans = [];
      for (const { address, until } of changes.values()) {
        if (until === null) ends.push(address);
        else if (until > now) bans.push({ address, seconds: Math.ceil((until - now) / 1000) });
      }
      if (ends.length > 0) await this.#firewall.unbanShared(ends);
      const refusals = bans.length > 0 ? await this.#firewall.banShared(bans) : [];
      if (refusals.length === 0) return;
      const [{ address, reason }] = refusals as [(typeof refusals)[number]];
      log.warn("fleet_ban_refused", "the kernel refused bans of the fleet", {
        count: refusals.length,
        address: address.text,
        reason,
      });
    } catch (error) {
      // What has come meanwhile is newer.
      this.#changes = new Map([...changes, ...this.#changes]);
      throw error;
    }
  }
}

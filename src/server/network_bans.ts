import type { BanStore } from "../bans/ban_store.ts";
import type { Firewall } from "../firewall/firewall.ts";
import { type Address, isNetwork, overlap, parseCidr } from "../os/address.ts";
import type { Machine } from "./machine.ts";
import type { Trigger } from "./report.ts";

/** What this machine has of IPv6 is read again after this time, in milliseconds: a router has many routes. */
const OWN_MS = 10_000;

/** Most networks that wait until it can be read which are this machine's own. */
const MOST_DUE = 4096;

/** A network that is to be banned, and what was touched last in it. */
export interface NetworkOffence {
  readonly network: Address;
  readonly port: number | null;
  readonly trigger: Trigger;
}

/** Decides which IPv6 networks are banned whole, for what was banned in them. */
export class NetworkBans {
  readonly #store: Pick<BanStore, "ladder" | "ledger" | "trusted">;
  readonly #machine: Pick<Machine, "ipv6Network">;
  readonly #due = new Map<string, NetworkOffence>();
  #own: readonly Address[] = [];
  #ownReadAt = -Infinity;

  constructor(
    store: Pick<BanStore, "ladder" | "ledger" | "trusted">,
    machine: Pick<Machine, "ipv6Network">,
  ) {
    this.#store = store;
    this.#machine = machine;
  }

  /** An address or /64 has earned a ban. One that is trusted does not count against its neighbours. */
  note(unit: Address, port: number | null, trigger: Trigger, now: number): void {
    const { ladder, ledger, trusted } = this.#store;
    if (trusted.has(unit, now)) return;
    for (const network of ladder.climb(unit, now)) {
      const known = ledger.find(network);
      // What was noted before the kernel knew of the ban is no reason for a longer one. A ban that begins
      // later than now is one of a clock that was set back since.
      const isRunning = known !== undefined && known.lastHit <= now && known.until > now;
      if (isRunning) continue;
      this.#due.delete(network.text);
      this.#due.set(network.text, { network, port, trigger });
      const [oldest] = this.#due.size > MOST_DUE ? this.#due.keys() : [];
      if (oldest !== undefined) this.#due.delete(oldest);
    }
  }

  /**
   * The networks that have to be banned since it was last asked, without those that this machine has an
   * address or router in.
   *
   * @param now unix milliseconds
   * @throws {ToolFailure} if it cannot be read which those are: then they are asked for again
   */
  async take(now: number): Promise<NetworkOffence[]> {
    if (this.#due.size === 0) return [];
    if (Math.abs(now - this.#ownReadAt) >= OWN_MS) {
      const { addresses, gateways, local } = await this.#machine.ipv6Network();
      // A transparent proxy has a table in which every address is local: those are not its own.
      const networks = local.filter((text) => !text.endsWith("/0"));
      this.#own = [...addresses.map(({ text }) => text), ...gateways, ...networks].map(parseCidr);
      this.#ownReadAt = now;
    }
    const due = [...this.#due.values()];
    this.#due.clear();
    return due.filter(({ network }) => !this.#own.some((each) => overlap(each, network)));
  }
}

/** Ends what an earlier run banned, where no network is to be banned whole any more. */
export async function endNetworkBans(
  store: Pick<BanStore, "ledger" | "changed" | "bansChanged">,
  firewall: Pick<Firewall, "unban">,
  now: number,
): Promise<void> {
  const networks = [...store.ledger.offenders].map(({ address }) => address).filter(isNetwork);
  if (networks.length === 0) return;
  await firewall.unban(networks);
  for (const network of networks) store.ledger.forgive(network);
  store.changed(now);
  store.bansChanged(now);
}

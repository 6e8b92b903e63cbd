import type { Allowances } from "../../fleet/allowances.ts";
import type { Firewall } from "../../firewall/firewall.ts";
import type { Address } from "../../os/address.ts";
import { eventLog } from "../../os/event_log.ts";

const log = eventLog("share");

/** Allows in the kernel what orders say, for as long as they say. A call that failed is made again. */
export class OrderedNetworks {
  readonly #firewall: Pick<Firewall, "allow" | "disallow">;
  readonly #allowances: Allowances;
  readonly #allowedHere: () => readonly Address[];
  #isTold = false;
  #over: Address[] = [];

  /** @param allowedHere who is allowed without any order, and stays so */
  constructor(
    firewall: Pick<Firewall, "allow" | "disallow">,
    allowances: Allowances,
    allowedHere: () => readonly Address[],
  ) {
    this.#firewall = firewall;
    this.#allowances = allowances;
    this.#allowedHere = allowedHere;
  }

  /** There is a new order, or the kernel has lost what it was told. */
  changed(): void {
    this.#isTold = false;
  }

  /** Somebody takes a network off the list of this server. The kernel has been told. */
  remove({ text }: Address): void {
    this.#allowances.remove(text);
  }

  /** Tells the kernel what has changed. @param now unix milliseconds */
  async flush(now: number): Promise<void> {
    const over = [...this.#over, ...this.#allowances.takeOver(now)];
    this.#over = []; // what is over meanwhile is for the next call
    try {
      await this.#end(over);
    } catch (error) {
      this.#over.push(...over);
      throw error;
    }
    if (this.#isTold) return;
    this.#isTold = true;
    try {
      await this.#tell();
    } catch (error) {
      this.#isTold = false;
      throw error;
    }
  }

  async #end(over: readonly Address[]): Promise<void> {
    const running = this.#allowances.list().map(({ address }) => address);
    const kept = new Set([...this.#allowedHere(), ...running].map(({ text }) => text));
    const ended = over.filter(({ text }) => !kept.has(text));
    if (ended.length > 0) await this.#firewall.disallow(ended);
  }

  async #tell(): Promise<void> {
    const networks = this.#allowances.list().map(({ address }) => address);
    if (networks.length === 0) return;
    const [refusal] = await this.#firewall.allow(networks);
    if (refusal === undefined) return;
    log.warn("fleet_allow_refused", "the kernel refused a network that the fleet allows", {
      network: refusal.address.text,
      reason: refusal.reason,
    });
  }
}

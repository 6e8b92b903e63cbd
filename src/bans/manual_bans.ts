import type { Ban } from "../firewall/firewall.ts";
import type { Address } from "../os/address.ts";
import type { PendingCommand } from "./pending_commands.ts";
import type { Offender } from "./ledger.ts";

/** A ban made with `c3po ban add`. */
export interface ManualBan {
  /** The address, or the /64, as the ban covers it. */
  readonly address: Address;
  /** When it ends, unix milliseconds. */
  readonly until: number;
}

/** How many are remembered; beyond that the one made longest ago is forgotten. */
export const MOST_MANUAL_BANS = 65_536;

/**
 * The bans that were made by hand. No offence explains them, so nothing else could bring them back
 * after the kernel's sets were emptied.
 */
export class ManualBans {
  /** In the order in which they were made, the oldest first. */
  readonly #bans = new Map<string, ManualBan>();

  constructor(known: Iterable<ManualBan> = []) {
    for (const ban of known) this.#keep(ban);
  }

  /** Follows what was done by hand. */
  take(command: PendingCommand): void {
    if (command.do === "ban") this.#keep(command);
    else if (command.do === "forgive") this.#bans.delete(command.address.text);
    else if (command.do === "forgive all") this.#bans.clear();
  }

  /** Those that have not ended, the oldest first. */
  list(now: number): ManualBan[] {
    return [...this.#bans.values()].filter(({ until }) => until > now);
  }

  #keep({ address, until }: ManualBan): void {
    this.#bans.delete(address.text);
    this.#bans.set(address.text, { address, until });
    if (this.#bans.size <= MOST_MANUAL_BANS) return;
    const [oldest] = this.#bans.keys();
    this.#bans.delete(oldest!);
  }
}

/** The bans that have not ended, whatever they were for: of two of one address the longer one. */
export function runningBans(
  offenders: Iterable<Offender>,
  manual: Iterable<ManualBan>,
  now: number,
): Ban[] {
  const longest = new Map<string, ManualBan>();
  for (const each of [offenders, manual]) {
    for (const { address, until } of each) {
      if (until > Math.max(now, longest.get(address.text)?.until ?? 0)) {
        longest.set(address.text, { address, until });
      }
    }
  }
  return [...longest.values()].map(({ address, until }) => ({
    address,
    seconds: Math.ceil((until - now) / 1000),
  }));
}

import { getLogger } from "@logtape/logtape";
import type { Address } from "../core/address.ts";
import { type Change, forgivenBy } from "../core/changes.ts";
import { C3poError } from "../core/errors.ts";
import { Friends } from "../core/friends.ts";
import { HandBans, type RunningBan, runningBans } from "../core/hand_bans.ts";
import { type BanPolicy, Ledger } from "../core/ledger.ts";
import { StateFolder } from "../host/state.ts";

/** A ledger that changed is written soon if it is short: `c3po ban list` reads it. */
const LEDGER_MS_PER_OFFENDER = 1;
/** The bans of the kernel, of which there may be a million, are written more rarely. */
const BANS_MS = 300_000;
/** But soon if somebody did something by hand. */
const BANS_BY_HAND_MS = 10_000;
const RETRY_MS = 60_000;

const log = getLogger(["c3po", "memory"]);

/** What `serve` knows, in memory and on disk: offences, friends, who is allowed or banned by hand. */
export class Memory {
  readonly ledger: Ledger;
  readonly friends: Friends;
  readonly state: StateFolder;
  readonly #allowed: Map<string, Address>;
  readonly #banned: HandBans;
  #ledgerDue = Infinity;
  #bansDue = Infinity;
  #ledgerWritten = -Infinity;
  #bansWritten: number;

  private constructor(
    state: StateFolder,
    ledger: Ledger,
    friends: Friends,
    allowed: readonly Address[],
    banned: HandBans,
    now: number,
  ) {
    this.state = state;
    this.ledger = ledger;
    this.friends = friends;
    this.#allowed = new Map(allowed.map((each) => [each.text, each]));
    this.#banned = banned;
    this.#bansWritten = now;
  }

  /** Recalls what an earlier run knew. */
  static async recall(
    folder: string,
    policy: BanPolicy & { readonly friends: number },
    now: number,
  ): Promise<Memory> {
    const state = new StateFolder(folder, (problem) => {
      log.warn("a file of state cannot be used", { ...problem });
    });
    const { offenders, friends, allowed, banned } = await state.readMemories();
    const ledger = new Ledger(policy, offenders);
    const known = new Friends(policy.friends, friends);
    return new Memory(state, ledger, known, allowed, new HandBans(banned), now);
  }

  /** Who is allowed by hand. */
  get allowed(): Address[] {
    return [...this.#allowed.values()];
  }

  /** Whether word was left of something done by hand. */
  get hasWord(): boolean {
    return this.state.hasChanges();
  }

  /**
   * The bans that go on, as far as they are known: those of the ledger, and those made by hand, also by
   * word that was left and not taken note of yet. Offenders of long ago are not among them.
   */
  async runningBans(now: number): Promise<RunningBan[]> {
    const changes = await this.#wordLeft();
    const isForgiven = forgivenBy(changes);
    const byHand = new HandBans(this.#banned.list(now));
    for (const change of changes) byHand.take(change);
    const offenders = [...this.ledger.offenders].filter(({ address }) => !isForgiven(address));
    return runningBans(offenders, byHand.list(now), now);
  }

  /** Takes note of what was done by hand since it was last asked, and writes that down at once. */
  async takeChanges(now: number): Promise<Change[]> {
    try {
      const { changes, done } = await this.state.readChanges();
      if (changes.length === 0) return changes;
      for (const change of changes) this.#take(change);
      this.#bansDue = Math.min(this.#bansDue, after(this.#bansWritten, BANS_BY_HAND_MS, now));
      await this.#writeLedger(now);
      await done();
      return changes;
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      log.error("cannot take note of what was done by hand", { error: error.message });
      return [];
    }
  }

  /** Something happened that must be written down soon. */
  changed(now: number): void {
    const rest = this.ledger.size * LEDGER_MS_PER_OFFENDER;
    this.#ledgerDue = Math.min(this.#ledgerDue, after(this.#ledgerWritten, rest, now));
  }

  /** The kernel has other bans than those on disk. */
  bansChanged(now: number): void {
    this.#bansDue = Math.min(this.#bansDue, after(this.#bansWritten, BANS_MS, now));
  }

  /** Writes down what is due. */
  async writeDue(now: number): Promise<void> {
    if (now >= this.#ledgerDue) await this.#writeLedger(now);
    if (now >= this.#bansDue) await this.#writeBans(now);
  }

  /** Writes down everything. */
  async writeAll(now: number): Promise<void> {
    await this.#writeLedger(now);
    await this.#writeBans(now);
  }

  /** What was done by hand and nobody took note of; it stays where it is. */
  async #wordLeft(): Promise<Change[]> {
    try {
      return (await this.state.readChanges()).changes;
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      return []; // takeChanges() is what reports it
    }
  }

  #take(change: Change): void {
    this.#banned.take(change);
    if (change.do === "forgive all") {
      this.ledger.forgiveAll();
      log.info("unban", { address: "all" });
      return;
    }
    const { address } = change;
    if (change.do === "forgive") this.ledger.forgive(address.text);
    else if (change.do === "allow") this.#allowed.set(address.text, address);
    else if (change.do === "disallow") this.#allowed.delete(address.text);
    log.info(EVENTS[change.do], { address: address.text });
  }

  async #writeLedger(now: number): Promise<void> {
    this.#ledgerWritten = now;
    const isWritten = await written(this.state.writeMemories({
      offenders: [...this.ledger.offenders],
      friends: this.friends.list(now),
      allowed: this.allowed,
      banned: this.#banned.list(now),
    }));
    this.#ledgerDue = isWritten ? Infinity : now + RETRY_MS;
  }

  async #writeBans(now: number): Promise<void> {
    this.#bansWritten = now;
    const isWritten = await written(this.state.writeBans(now));
    this.#bansDue = isWritten ? Infinity : now + RETRY_MS;
  }
}

/** When something may be written again; at once if the clock was set back. */
function after(last: number, rest: number, now: number): number {
  return last > now ? now : Math.max(now, last + rest);
}

/** What cannot be saved is no reason to stop defending. */
async function written(writing: Promise<void>): Promise<boolean> {
  try {
    await writing;
    return true;
  } catch (error) {
    if (!(error instanceof C3poError)) throw error;
    log.error("bans and offences cannot be saved", { error: error.message });
    return false;
  }
}

/** What the log calls a change. */
const EVENTS = {
  ban: "ban by hand",
  forgive: "unban",
  allow: "allow",
  disallow: "disallow",
} as const;

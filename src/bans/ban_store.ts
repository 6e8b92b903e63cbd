import type { Ban } from "../firewall/firewall.ts";
import type { Address } from "../os/address.ts";
import { C3poError } from "../os/errors.ts";
import { eventLog } from "../os/event_log.ts";
import { tellCommands } from "./command_log.ts";
import { Ladder } from "./ladder.ts";
import { type BanPolicy, Ledger } from "./ledger.ts";
import { ManualBans, runningBans } from "./manual_bans.ts";
import { forgivenBy, type PendingCommand } from "./pending_commands.ts";
import { StateFiles } from "./state_files.ts";
import { TrustedAddresses } from "./trusted.ts";

/** A ledger that changed is written soon if it is short: `c3po ban list` reads it. */
const LEDGER_MS_PER_OFFENDER = 1;
/** The bans of the kernel, of which there may be a million, are written more rarely. */
const BANS_MS = 300_000;
/** But soon if something was done by hand. */
const MANUAL_MS = 10_000;
const RETRY_MS = 60_000;

/** How long bans and logins count. */
export interface StorePolicy extends BanPolicy {
  /** Seconds that a login counts; 0 is not at all. */
  readonly friends: number;
}

/** Gives the bans that are to be saved, some at a time. */
export type BanSource = () => AsyncIterable<readonly Ban[]>;

/** Told of each command, once it has been followed. */
export type CommandListener = (command: PendingCommand) => void;

const log = eventLog("bans");

/** What `serve` knows, in memory and on disk: offences, trusted addresses, who is allowed or banned by hand. */
export class BanStore {
  readonly ledger: Ledger;
  readonly ladder: Ladder;
  readonly trusted: TrustedAddresses;
  readonly files: StateFiles;
  readonly #allowed: Map<string, Address>;
  readonly #manual: ManualBans;
  #listener: CommandListener = () => {};
  #ledgerDue = Infinity;
  #bansDue = Infinity;
  #ledgerWritten = -Infinity;
  #bansWritten: number;

  private constructor(
    files: StateFiles,
    ledger: Ledger,
    ladder: Ladder,
    trusted: TrustedAddresses,
    allowed: readonly Address[],
    manual: ManualBans,
    now: number,
  ) {
    this.files = files;
    this.ledger = ledger;
    this.ladder = ladder;
    this.trusted = trusted;
    this.#allowed = new Map(allowed.map((each) => [each.text, each]));
    this.#manual = manual;
    this.#bansWritten = now;
  }

  /** Reads what an earlier run knew. */
  static async load(folder: string, policy: StorePolicy, now: number): Promise<BanStore> {
    const files = new StateFiles(folder, (problem) => {
      log.warn("state_damaged", "a state file is damaged", { ...problem });
    });
    const { offenders, trusted, allowed, banned } = await files.readRecords();
    return new BanStore(
      files,
      new Ledger(policy, offenders),
      new Ladder(offenders),
      new TrustedAddresses(policy.friends, trusted),
      allowed,
      new ManualBans(banned),
      now,
    );
  }

  /** Who is allowed by hand. */
  get allowed(): Address[] {
    return [...this.#allowed.values()];
  }

  /** The bans that go on, as far as they are known: those of the ledger, and those made by hand. */
  running(now: number): Ban[] {
    return runningBans(this.ledger.offenders, this.#manual.list(now), now);
  }

  /** Takes note of what was done by hand since it was last asked, and writes that down at once. */
  async takePending(now: number): Promise<PendingCommand[]> {
    try {
      const { commands, done } = await this.files.readCommands();
      if (commands.length === 0) return commands;
      for (const command of commands) {
        this.#take(command);
        this.#listener(command);
      }
      tellCommands(commands);
      this.#bansDue = Math.min(this.#bansDue, after(this.#bansWritten, MANUAL_MS, now));
      await this.#writeLedger(now);
      await done();
      return commands;
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      log.error("pending_commands_failed", "cannot read pending manual commands", {
        error: error.message,
      });
      return [];
    }
  }

  /** Has each command told from now on. */
  onCommand(listener: CommandListener): void {
    this.#listener = listener;
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
  async writeDue(bans: BanSource, now: number): Promise<void> {
    if (now >= this.#ledgerDue) await this.#writeLedger(now);
    if (now >= this.#bansDue) await this.#writeBans(bans, now);
  }

  /** Writes down everything. */
  async writeAll(bans: BanSource, now: number): Promise<void> {
    await this.#writeLedger(now);
    await this.#writeBans(bans, now);
  }

  #take(command: PendingCommand): void {
    this.#manual.take(command);
    if (command.do === "forgive all") {
      this.ledger.forgiveAll();
      this.ladder.forgiveAll();
      return;
    }
    if (command.do === "publish") return;
    const { address } = command;
    if (command.do === "forgive") {
      this.ledger.forgive(address);
      this.ladder.forgive(address);
    } else if (command.do === "allow") this.#allowed.set(address.text, address);
    else if (command.do === "disallow") this.#allowed.delete(address.text);
  }

  async #writeLedger(now: number): Promise<void> {
    this.#ledgerWritten = now;
    const isWritten = await written(this.files.writeRecords({
      offenders: [...this.ledger.offenders],
      trusted: this.trusted.list(now),
      allowed: this.allowed,
      banned: this.#manual.list(now),
    }));
    this.#ledgerDue = isWritten ? Infinity : now + RETRY_MS;
  }

  async #writeBans(bans: BanSource, now: number): Promise<void> {
    this.#bansWritten = now;
    const isWritten = await written(this.files.writeBans(bans(), now));
    this.#bansDue = isWritten ? Infinity : now + RETRY_MS;
  }
}

/** The bans known to a running or an earlier `serve`, for readers that change nothing. */
export async function knownBans(folder: string, now: number): Promise<Ban[]> {
  const files = new StateFiles(folder);
  const { offenders, banned } = await files.readRecords();
  const { commands } = await files.readCommands();
  const isForgiven = forgivenBy(commands);
  const manual = new ManualBans(banned);
  for (const command of commands) manual.take(command);
  const held = offenders.filter(({ address }) => !isForgiven(address.text));
  return runningBans(held, manual.list(now), now);
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
    log.error("state_write_failed", "cannot save bans", { error: error.message });
    return false;
  }
}

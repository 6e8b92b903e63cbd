import { Allowances } from "../../fleet/allowances.ts";
import { Sequences } from "../../fleet/sequences.ts";
import type { Clock } from "../../os/clock.ts";
import { eventLog } from "../../os/event_log.ts";
import { readSaved, type SavedShare, writeSaved } from "./share_files.ts";

/** A line's number is written down so far ahead of use that it is never used twice. */
const AHEAD = 10_000;
/** What has been learned is written down this often, in milliseconds. */
const SAVE_MS = 60_000;

const log = eventLog("share");

/** The numbers of lines, this server's and others', and what the administrator has said: what outlives a restart. */
export class LineNumbers {
  /** Those of others' lines. */
  readonly sequences: Sequences;
  /** Members that the administrator has expelled. */
  readonly expelled: Set<string>;
  /** Fingerprints of users' keys that the administrator has revoked. */
  readonly revoked: Set<string>;
  /** Networks that the administrator has allowed. */
  readonly allowances: Allowances;
  readonly #folder: string;
  readonly #clock: Clock;
  #last: number;
  /** No line had this number or a higher one, whatever happens now. */
  #saved: number;
  #savedAt: number;

  private constructor(
    folder: string,
    clock: Clock,
    { seq, snapshots, expelled, revoked, allowed }: SavedShare,
  ) {
    const now = clock.now();
    this.#folder = folder;
    this.#clock = clock;
    this.sequences = new Sequences(now, snapshots);
    this.expelled = new Set(expelled);
    this.revoked = new Set(revoked);
    this.allowances = new Allowances(
      allowed.map(({ network, until }) => ({ address: network, until })),
    );
    this.#last = Math.max(seq, now * 1000);
    this.#saved = seq;
    this.#savedAt = now;
  }

  /** Goes on from what an earlier run left. @throws {Failure} if it cannot be written down */
  static async open(folder: string, clock: Clock): Promise<LineNumbers> {
    const saved = await readSaved(folder, (reason) => {
      log.warn("state_damaged", "a state file is damaged", { file: "share", reason });
    });
    const numbers = new LineNumbers(folder, clock, saved);
    await numbers.save();
    return numbers;
  }

  /** The number of this server's next line. */
  async next(): Promise<number> {
    this.#last++;
    if (this.#last >= this.#saved) await this.save();
    return this.#last;
  }

  /** Writes down what has been learned, now and then. @param now unix milliseconds */
  async saveIfDue(now: number): Promise<void> {
    if (Math.abs(now - this.#savedAt) >= SAVE_MS) await this.save();
  }

  /** Writes it down. */
  async save(): Promise<void> {
    this.#savedAt = this.#clock.now();
    const seq = this.#last + AHEAD;
    await writeSaved(this.#folder, {
      seq,
      snapshots: this.sequences.saved(this.#savedAt),
      expelled: [...this.expelled],
      revoked: [...this.revoked],
      allowed: this.allowances.list().map(({ address, until }) => ({
        network: address.text,
        until,
      })),
    });
    this.#saved = seq;
  }
}

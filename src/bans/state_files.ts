import { join } from "../os/path.ts";
import type { Ban } from "../firewall/firewall.ts";
import { formatCommands, parseCommands, type PendingCommand } from "./pending_commands.ts";
import { C3poError } from "../os/errors.ts";
import {
  banLine,
  bansEnd,
  bansHead,
  formatRecords,
  parseBanLine,
  parseBansHead,
  parseRecords,
  type Records,
  timeLeft,
} from "./saved.ts";
import {
  hasNames,
  linesIn,
  namesIn,
  readText,
  removeFile,
  renameFile,
  writePrivate,
} from "../os/files.ts";

/** The most that a ledger of bounded size, or the word of one command, takes, generously. */
const LARGEST = 16 << 20;

const NOTHING: Records = { offenders: [], trusted: [], allowed: [], banned: [] };

/** Told of a file that cannot be used, where it is now, and why. */
export type Warn = (problem: { file: string; reason: string; kept: string }) => void;

/** What `serve` remembers, in a folder of its own; the commands look into it, and leave word there. */
export class StateFiles {
  readonly #ledger: string;
  readonly #bans: string;
  readonly #changes: string;
  readonly #warn: Warn | undefined;

  /**
   * @param warn told of damaged files, which are set aside and never a reason to stop; a caller that only
   *   looks leaves it out, and damaged files where they are
   */
  constructor(folder: string, warn?: Warn) {
    this.#ledger = join(folder, "ledger");
    this.#bans = join(folder, "bans");
    this.#changes = join(folder, "changes");
    this.#warn = warn;
  }

  /** What is remembered beside the bans; nothing if it cannot be read. */
  async readRecords(): Promise<Records> {
    try {
      const text = await readText(this.#ledger, LARGEST);
      return text === null ? NOTHING : parseRecords(text);
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      await this.#setAside(this.#ledger, error.message);
      return NOTHING;
    }
  }

  /** Replaces what is remembered. */
  async writeRecords(records: Records): Promise<void> {
    await writePrivate(this.#ledger, formatRecords(records), true);
  }

  /**
   * The saved bans that go on, with the time they have left, some at a time. Of a damaged file what
   * can be read counts.
   *
   * @param now unix milliseconds
   */
  async *readBans(now: number): AsyncGenerator<Ban[]> {
    let savedAt: number | null = null;
    let count = 0;
    let damage = "";
    let ended = false;
    try {
      for await (const lines of linesIn(this.#bans)) {
        savedAt ??= parseBansHead(lines.shift()!);
        if (savedAt === null) return await this.#setAside(this.#bans, "not a list of bans");
        const bans: Ban[] = [];
        for (const line of lines) {
          const ban = parseBanLine(line);
          if (ban === null && line === bansEnd(count)) ended = true;
          else if (ban === null) damage ||= `"${line.slice(0, 80)}" is not a ban`;
          else {
            count++;
            const seconds = timeLeft(ban, savedAt, now);
            if (seconds !== 0) bans.push({ address: ban.address, seconds });
          }
        }
        if (bans.length > 0) yield bans;
      }
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      damage = error.message;
    }
    if (savedAt !== null && !ended) damage ||= "the file is truncated";
    if (damage !== "") await this.#setAside(this.#bans, damage, `${count} bans`);
  }

  /** Saves bans, some at a time. */
  async writeBans(bans: AsyncIterable<readonly Ban[]>, now: number): Promise<void> {
    await writePrivate(this.#bans, savedBans(bans, now), true);
  }

  /** Leaves commands for `serve`, which may not be running: then it reads them when it starts. */
  async enqueue(commands: readonly PendingCommand[], now: number): Promise<void> {
    const name = `${String(now).padStart(15, "0")}-${crypto.randomUUID()}`;
    await writePrivate(join(this.#changes, name), formatCommands(commands), false);
  }

  /** Where commands are left; it need not be there yet. */
  get commandsFolder(): string {
    return this.#changes;
  }

  /** Whether commands were left. Asked so often that the way over another thread would cost most of it. */
  hasCommands(): boolean {
    return hasNames(this.#changes);
  }

  /**
   * The commands that were left, in their order.
   *
   * @returns also how to strike them off, once they have been dealt with
   */
  async readCommands(): Promise<{ commands: PendingCommand[]; done: () => Promise<void> }> {
    const commands: PendingCommand[] = [];
    const files: string[] = [];
    for (const name of await namesIn(this.#changes)) {
      if (name.startsWith(".") || name.endsWith(DAMAGED)) continue; // not yet, or never, of use
      const path = join(this.#changes, name);
      try {
        // One by one: as arguments of one call, a hundred thousand would be more than the stack takes.
        for (const each of parseCommands(await readText(path, LARGEST) ?? "")) commands.push(each);
        files.push(path);
      } catch (error) {
        if (!(error instanceof C3poError)) throw error;
        await this.#setAside(path, error.message);
      }
    }
    return { commands, done: async () => void await Promise.all(files.map(removeFile)) };
  }

  async #setAside(path: string, reason: string, kept = "nothing"): Promise<void> {
    if (this.#warn === undefined) return;
    const aside = path + DAMAGED;
    const isAside = await renameFile(path, aside).then(() => true, () => false);
    this.#warn({ file: isAside ? aside : path, reason, kept });
  }
}

const DAMAGED = ".damaged";

/** The file of bans, in parts. */
async function* savedBans(
  bans: AsyncIterable<readonly Ban[]>,
  now: number,
): AsyncGenerator<string> {
  yield bansHead(now) + "\n";
  let count = 0;
  for await (const some of bans) {
    count += some.length;
    yield some.map((ban) => banLine(ban) + "\n").join("");
  }
  yield bansEnd(count) + "\n";
}

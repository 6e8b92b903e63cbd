import { join } from "./path.ts";
import { FAMILIES } from "../core/address.ts";
import { type Change, formatChanges, parseChanges } from "../core/changes.ts";
import { C3poError } from "../core/errors.ts";
import { parseEntry } from "../core/firewall/ipset.ts";
import { banSet } from "../core/firewall/sets.ts";
import {
  banLine,
  bansEnd,
  bansHead,
  formatMemories,
  type Memories,
  parseBanLine,
  parseBansHead,
  parseMemories,
  type SavedBan,
  timeLeft,
} from "../core/saved.ts";
import {
  hasNames,
  linesIn,
  namesIn,
  readText,
  removeFile,
  renameFile,
  writePrivate,
} from "./files.ts";
import { setNames, streamSet } from "./ipset.ts";

/** The most that a ledger of bounded size, or the word of one command, takes, generously. */
const LARGEST = 16 << 20;

const NOTHING: Memories = { offenders: [], friends: [], allowed: [], banned: [] };

/** Told of a file that cannot be used, where it is now, and why. */
export type Warn = (problem: { file: string; reason: string; kept: string }) => void;

/** What `serve` remembers, in a folder of its own; the commands look into it, and leave word there. */
export class StateFolder {
  readonly #ledger: string;
  readonly #bans: string;
  readonly #changes: string;
  readonly #warn: Warn | undefined;

  /**
   * @param warn told of damaged files, which are set aside and never a reason to stop; whoever only
   *   looks leaves it out, and damaged files where they are
   */
  constructor(folder: string, warn?: Warn) {
    this.#ledger = join(folder, "ledger");
    this.#bans = join(folder, "bans");
    this.#changes = join(folder, "changes");
    this.#warn = warn;
  }

  /** What is remembered beside the bans; nothing if it cannot be read. */
  async readMemories(): Promise<Memories> {
    try {
      const text = await readText(this.#ledger, LARGEST);
      return text === null ? NOTHING : parseMemories(text);
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      await this.#setAside(this.#ledger, error.message);
      return NOTHING;
    }
  }

  /** Replaces what is remembered. */
  async writeMemories(memories: Memories): Promise<void> {
    await writePrivate(this.#ledger, formatMemories(memories), true);
  }

  /**
   * The saved bans that go on, with the time they have left, some at a time. Of a damaged file what
   * can be read counts.
   *
   * @param now unix milliseconds
   */
  async *readBans(now: number): AsyncGenerator<SavedBan[]> {
    let savedAt: number | null = null;
    let count = 0;
    let damage = "";
    let ended = false;
    try {
      for await (const lines of linesIn(this.#bans)) {
        savedAt ??= parseBansHead(lines.shift()!);
        if (savedAt === null) return await this.#setAside(this.#bans, "no list of bans");
        const bans: SavedBan[] = [];
        for (const line of lines) {
          const ban = parseBanLine(line);
          if (ban === null && line === bansEnd(count)) ended = true;
          else if (ban === null) damage ||= `"${line.slice(0, 80)}" is no ban`;
          else {
            count++;
            const seconds = timeLeft(ban, savedAt, now);
            if (seconds !== 0) bans.push({ unit: ban.unit, seconds });
          }
        }
        if (bans.length > 0) yield bans;
      }
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      damage = error.message;
    }
    if (savedAt !== null && !ended) damage ||= "its end is missing";
    if (damage !== "") await this.#setAside(this.#bans, damage, `${count} bans`);
  }

  /** Saves the bans the kernel has now. */
  async writeBans(now: number): Promise<void> {
    await writePrivate(this.#bans, savedBans(now), true);
  }

  /** Leaves word for `serve`, which may not be running: then it reads it when it starts. */
  async tell(changes: readonly Change[], now: number): Promise<void> {
    const name = `${String(now).padStart(15, "0")}-${crypto.randomUUID()}`;
    await writePrivate(join(this.#changes, name), formatChanges(changes), false);
  }

  /** Whether word was left. Asked so often that the way over another thread would cost most of it. */
  hasChanges(): boolean {
    return hasNames(this.#changes);
  }

  /**
   * The word that was left, in its order.
   *
   * @returns also how to strike it off, once it has been dealt with
   */
  async readChanges(): Promise<{ changes: Change[]; done: () => Promise<void> }> {
    const changes: Change[] = [];
    const files: string[] = [];
    for (const name of await namesIn(this.#changes)) {
      if (name.startsWith(".") || name.endsWith(DAMAGED)) continue; // not yet, or never, of use
      const path = join(this.#changes, name);
      try {
        changes.push(...parseChanges(await readText(path, LARGEST) ?? ""));
        files.push(path);
      } catch (error) {
        if (!(error instanceof C3poError)) throw error;
        await this.#setAside(path, error.message);
      }
    }
    return { changes, done: async () => void await Promise.all(files.map(removeFile)) };
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
async function* savedBans(now: number): AsyncGenerator<string> {
  yield bansHead(now) + "\n";
  const present = await setNames();
  let count = 0;
  for (const set of FAMILIES.map(banSet).filter(({ name }) => present.includes(name))) {
    for await (const lines of streamSet(set.name)) {
      const bans = lines.flatMap((line) => {
        const entry = parseEntry(line, set);
        return entry === null ? [] : banLine(entry.element, entry.seconds) + "\n";
      });
      count += bans.length;
      yield bans.join("");
    }
  }
  yield bansEnd(count) + "\n";
}

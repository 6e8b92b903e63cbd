import { getLogger } from "@logtape/logtape";
import { type Family, parseBanned } from "../core/address.ts";
import { forgivenBy } from "../core/changes.ts";
import type { ServerConfig } from "../core/server_options.ts";
import {
  addEntry,
  createSets,
  elementOf,
  flushSets,
  parseEntries,
  removeEntry,
} from "../core/firewall/ipset.ts";
import { allowSet, banSet, friendSet } from "../core/firewall/sets.ts";
import { roomFor, TARPIT } from "../core/tarpit.ts";
import type { Tally } from "../core/tally.ts";
import type { Clock } from "../host/clock.ts";
import { restoreSets, saveSet } from "../host/ipset.ts";
import type { Listener } from "../host/listener.ts";
import { openFilesLimit } from "../host/procfs.ts";
import type { SetSession } from "../host/set_session.ts";
import { isServed } from "../host/sets.ts";
import type { Sockets } from "../host/sockets.ts";
import { ToolFailure } from "../host/tool_failure.ts";
import type { Banner } from "./banner.ts";
import { Bans } from "./bans.ts";
import { Friendship } from "./friendship.ts";
import type { Touched } from "./guard.ts";
import { Memory } from "./memory.ts";
import { Tarpit } from "./tarpit.ts";

const log = getLogger(["c3po", "defence"]);

/** What the defence needs. */
export interface DefenceOptions {
  readonly config: ServerConfig;
  readonly families: readonly Family[];
  readonly clock: Clock;
  readonly sets: SetSession;
  readonly sockets: Sockets;
  readonly stateFolder: string;
  readonly tally: Tally;
  /** What the tarpit says first. */
  readonly banner: Banner;
}

/** The part of the daemon that shuts people out: bans, friends, tarpit, and their memory. */
export class Defence {
  readonly #options: DefenceOptions;
  readonly #memory: Memory;
  readonly #bans: Bans;
  readonly #friendship: Friendship | null;
  #tarpit: Tarpit | null = null;

  private constructor(options: DefenceOptions, memory: Memory) {
    this.#options = options;
    this.#memory = memory;
    const { families, clock, config, tally, sets, sockets } = options;
    this.#bans = new Bans({ families, trigger: config.trigger, tally }, memory, sets, clock);
    this.#friendship = config.friends === 0
      ? null
      : new Friendship(config.sshPort, sockets, memory, clock);
  }

  /**
   * Recalls what an earlier run knew and tells the kernel: bans, friends, and who is allowed. The sets
   * are made if they are not there; no rule needs to look at them yet.
   */
  static async open(options: DefenceOptions): Promise<Defence> {
    const { config, clock, stateFolder } = options;
    const memory = await Memory.recall(stateFolder, config, clock.now());
    const defence = new Defence(options, memory);
    const changes = await memory.takeChanges(clock.now());
    // The sets of a run that was killed know better than what it last saved.
    if (!await isServed()) {
      await defence.#restoreBans(forgivenBy(changes));
      if (changes.length > 0) await memory.writeAll(clock.now());
    }
    await defence.#tellFriends();
    await defence.#tellAllowed();
    return defence;
  }

  /** How many connections the tarpit holds now. */
  get held(): number {
    return this.#tarpit?.size ?? 0;
  }

  /**
   * Makes a friend of whoever starts `serve` from an SSH session, and lifts a ban of theirs: to get
   * that far they have logged in.
   */
  async welcome(address: string): Promise<void> {
    const { clock, families } = this.#options;
    const who = parseBanned(address);
    if (!families.includes(who.family)) return;
    this.#memory.friends.welcome(who.text, clock.now());
    const set = banSet(who.family);
    await restoreSets(createSets([set]) + removeEntry(set, elementOf(who)));
    await this.#tellFriends();
    log.info("whoever starts this is a friend", { address });
  }

  /** Fills sets that somebody emptied with what is known. */
  async refill(): Promise<void> {
    const { clock, families } = this.#options;
    const lines = (await this.#memory.runningBans(clock.now()))
      .filter(({ unit }) => families.includes(unit.family))
      .map(({ unit, seconds }) => addEntry(banSet(unit.family), elementOf(unit), seconds));
    await restoreSets(lines.join(""));
    await this.#tellFriends();
    await this.#tellAllowed();
  }

  /** Sees who is here, once sshd's own port is hidden and before anybody is told where it leads. */
  async begin(): Promise<void> {
    await this.#friendship?.begin();
  }

  /** Told from time to time which ports were touched a moment ago. */
  touched({ ssh, trap }: Touched): void {
    if (ssh) this.#friendship?.came();
    if (trap || this.#memory.hasWord) this.#bans.wake();
  }

  /** What runs until the signal is aborted, side by side. */
  parts(listener: Listener): ((stop: AbortSignal) => Promise<void>)[] {
    const { clock, banner, tally } = this.#options;
    return [
      (stop) => this.#bans.run(stop),
      async (stop) => await this.#friendship?.run(stop),
      async (stop) => {
        const most = roomFor(await openFilesLimit());
        this.#tarpit = new Tarpit({ ...TARPIT, most }, banner, clock);
        const arrived = (address: string): void => {
          tally.arrival();
          this.#bans.arrived(address);
        };
        await this.#tarpit.run(listener, arrived, stop);
      },
    ];
  }

  /** Writes down everything, while the kernel still has its sets. */
  async close(): Promise<void> {
    await this.#memory.writeAll(this.#options.clock.now());
  }

  /** What `c3po ban` did before the start stays as it is. */
  async #restoreBans(isForgiven: (unit: string) => boolean): Promise<void> {
    const { clock, families } = this.#options;
    const { state } = this.#memory;
    const byHand = await Promise.all(families.map(async (family) => {
      const set = banSet(family);
      return parseEntries(await saveSet(set.name) ?? "", set).map(({ element, seconds }) =>
        addEntry(set, element, seconds ?? 0)
      ).join("");
    }));
    let count = 0;
    const lines = async function* (): AsyncGenerator<string> {
      yield createSets(families.map(banSet));
      for await (const bans of state.readBans(clock.now())) {
        const lines = bans.filter(({ unit }) =>
          families.includes(unit.family) && !isForgiven(unit.text)
        ).map(({ unit, seconds }) => addEntry(banSet(unit.family), elementOf(unit), seconds ?? 0));
        count += lines.length;
        yield lines.join("");
      }
      yield byHand.join("");
    };
    try {
      await restoreSets(lines());
    } catch (error) {
      if (!(error instanceof ToolFailure)) throw error;
      log.error("the kernel refuses a saved ban, those behind it are lost", {
        error: error.message,
      });
    }
    if (count > 0) log.info("bans restored", { count });
  }

  async #tellFriends(): Promise<void> {
    const { clock, families } = this.#options;
    const now = clock.now();
    const { friends } = this.#memory;
    const known = friends.list(now).filter(({ address }) => families.includes(familyOf(address)));
    const sets = families.map(friendSet);
    await restoreSets(createSets(sets) + flushSets(sets) + friends.entries(now, known));
  }

  /** Nobody is allowed any more whom neither the configuration nor a command allows. */
  async #tellAllowed(): Promise<void> {
    const { config, families } = this.#options;
    const allowed = [...config.allow, ...this.#memory.allowed];
    const lines = await Promise.all(families.map(async (family) => {
      const set = allowSet(family);
      const wanted = allowed.filter((each) => each.family === family).map(({ text }) => text);
      const stale = parseEntries(await saveSet(set.name) ?? "", set)
        .filter(({ element }) => !wanted.includes(element));
      return createSets([set]) + wanted.map((text) => addEntry(set, text)).join("") +
        stale.map(({ element }) => removeEntry(set, element)).join("");
    }));
    await restoreSets(lines.join(""));
  }
}

function familyOf(address: string): Family {
  return address.includes(":") ? 6 : 4;
}

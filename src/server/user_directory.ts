import type { Clock } from "../os/clock.ts";
import { C3poError } from "../os/errors.ts";
import type { Key } from "../schedule/key.ts";
import { PortPlanner, Schedules } from "../users/port_planner.ts";
import {
  findUserFiles,
  type FoundFile,
  problemOf,
  type Registry,
  registryOf,
  type User,
} from "../users/registry.ts";
import { formatUserFile } from "../users/user_file.ts";
import type { Configuration } from "./context.ts";
import type { Machine } from "./machine.ts";
import { demandOf } from "./policy.ts";
import type { Task } from "./ticker.ts";
import { loadTrapKey } from "./trap_key.ts";
import { UserLog } from "./user_log.ts";

/** What a directory of users needs. */
export interface DirectorySources {
  readonly configuration: Configuration;
  /** Where the key of the traps is kept. */
  readonly stateFolder: string;
  readonly machine: Pick<Machine, "watch">;
  readonly clock: Clock;
  /** Called with each set of users, before any port of theirs is open. */
  readonly onPlan: (planner: PortPlanner) => void;
  /** Called when other ports are to be opened than before. */
  readonly onChange: () => void;
}

/** Files are written in several steps: they are given time to finish, in milliseconds. */
const SETTLE_MS = 250;
/** The folder is read this often although nothing told of a change, in milliseconds. */
const READ_MS = 60_000;
/** So often where nothing ever tells. */
const POLL_MS = 1000;
/** After the folder could not be watched, until that is tried again. */
const RETRY_MS = 30_000;

/**
 * Knows whose ports are open: reads the users' files when the folder changes, says who came and went, and
 * has the windows made anew.
 */
export class UserDirectory implements Task {
  readonly what = "read the users' files";
  readonly #sources: DirectorySources;
  readonly #folder: string;
  readonly #schedules = new Schedules();
  readonly #log: UserLog;
  #registry: Registry;
  /** Fingerprints of keys that an administrator of a fleet has revoked, whatever the users' files say. */
  readonly #revoked = new Set<string>();
  #planner!: PortPlanner;
  /** What each file held when it could be read last. */
  #contents: ReadonlyMap<string, string> = new Map();
  #isDirty = true;
  #isWatching = false;
  #readAt = -Infinity;

  private constructor(sources: DirectorySources) {
    this.#sources = sources;
    this.#folder = sources.configuration.usersFolder;
    this.#log = new UserLog(this.#folder);
    this.#registry = sources.configuration.registry;
  }

  /** Begins with the users whom the configuration was read with. */
  static async open(sources: DirectorySources): Promise<UserDirectory> {
    const directory = new UserDirectory(sources);
    await directory.#plan(directory.#registry);
    directory.#log.problems(directory.#registry);
    directory.#log.expired(directory.#registry, sources.clock.now());
    return directory;
  }

  /** Who has ports, those whose time is over included. */
  get users(): readonly User[] {
    return this.#registry.users;
  }

  /** Computes the ports of the present users. */
  get planner(): PortPlanner {
    return this.#planner;
  }

  /** Has the ports of keys be traps from now on, as if the users' files said so. */
  async revoke(fingerprints: readonly string[]): Promise<void> {
    for (const each of fingerprints) this.#revoked.add(each);
    this.#isDirty = true; // what is being read meanwhile may be taken without it
    await this.#take(this.#registry);
  }

  /** Watches the folder until the signal is aborted. @param changed called for each change */
  async watch(changed: () => void, signal: AbortSignal): Promise<void> {
    const { machine, clock } = this.#sources;
    while (!signal.aborted) {
      this.#isWatching = true;
      await machine.watch(this.#folder, () => {
        this.#isDirty = true;
        changed();
      }, signal);
      if (signal.aborted) return;
      this.#isWatching = false;
      await clock.sleep(RETRY_MS, signal);
    }
  }

  async run(now: number): Promise<boolean> {
    this.#log.expired(this.#registry, now);
    const pause = this.#isWatching ? READ_MS : POLL_MS;
    if (!this.#isDirty && Math.abs(now - this.#readAt) < pause) return !this.#isWatching;
    const isFirst = this.#readAt === -Infinity;
    if (this.#isDirty && !isFirst) await this.#sources.clock.sleep(SETTLE_MS);
    this.#isDirty = false; // what changes from here on is read next time
    try {
      await this.#take(await this.#read());
    } catch (error) {
      this.#isDirty = true;
      throw error;
    }
    this.#readAt = now;
    return !this.#isWatching || this.#isDirty;
  }

  /** @throws {Failure} if the folder is there and cannot be read: it is not taken for empty */
  async #read(): Promise<Registry> {
    const { registry: { problems }, server } = this.#sources.configuration;
    const ofServer = problems.filter(({ file }) => !file.startsWith(this.#folder));
    let files: FoundFile[] = [];
    const found = [...ofServer];
    try {
      files = (await findUserFiles(this.#folder)).map((file) => this.#asKnown(file));
    } catch (error) {
      if (!(error instanceof C3poError) || error.cause !== undefined) throw error;
      found.push(problemOf(this.#folder, error)); // others have access to it
    }
    this.#contents = new Map(
      files.flatMap(({ path, content }) => typeof content === "string" ? [[path, content]] : []),
    );
    const registry = await registryOf(files, server);
    return { users: registry.users, problems: [...found, ...registry.problems] };
  }

  /** A file that is there and cannot be read, for want of descriptors perhaps, is as it was. */
  #asKnown(file: FoundFile): FoundFile {
    const { content, path } = file;
    if (typeof content === "string" || content.cause === undefined) return file;
    return { ...file, content: this.#contents.get(path) ?? content };
  }

  async #take(read: Registry): Promise<void> {
    const users = read.users.map((user) =>
      this.#revoked.has(user.fingerprint ?? "") ? { ...user, state: "trap" as const } : user
    );
    const registry = { ...read, users };
    this.#log.problems(registry);
    const before = new Map(this.#registry.users.map((user) => [user.name, user]));
    const after = new Map(registry.users.map((user) => [user.name, user]));
    const added = registry.users.filter(({ name }) => !before.has(name));
    const changed = registry.users.filter((user) => {
      const old = before.get(user.name);
      return old !== undefined && !isSame(old, user);
    });
    const removed = this.#registry.users.filter(({ name }) => !after.has(name));
    if (added.length + changed.length + removed.length === 0) return;
    await this.#plan(registry);
    this.#registry = registry;
    this.#sources.onChange();
    this.#log.differences({ added, changed, removed }, registry);
    // Whose time is over is told at the next tick, when their ports are shut.
  }

  async #plan({ users }: Registry): Promise<void> {
    const { configuration: { config }, stateFolder } = this.#sources;
    const trapKey = (): Promise<Key> => loadTrapKey(stateFolder);
    this.#planner = await PortPlanner.of(demandOf(config, users), trapKey, this.#schedules);
    this.#sources.onPlan(this.#planner);
  }
}

function isSame(one: User, other: User): boolean {
  return one === other || textOf(one) === textOf(other);
}

/** As the user's file would say it. The server's own user has no file and never changes. */
function textOf(user: User): string {
  const { key, services } = user;
  if (services === "all" || key.kind !== "random") return user.name;
  return formatUserFile({ ...user, key, services });
}

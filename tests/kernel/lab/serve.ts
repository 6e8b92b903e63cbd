import { join } from "@std/path";
import { formatRandomKey, parseKey } from "../../../src/schedule/key_text.ts";
import { minuteAt } from "../../../src/schedule/minute.ts";
import { type MinutePorts, Schedule } from "../../../src/schedule/schedule.ts";
import { c3poCommand, denoDirectory } from "./c3po.ts";
import type { Namespace } from "./namespace.ts";
import type { Child } from "./process.ts";
import { untilMinute } from "./wait.ts";

/** What filters: an engine, and which of the two programs goes by the name of iptables. */
export type Filter = "iptables" | "iptables-legacy" | "nftables";

/** The engines of `serve`. */
export const ENGINES: readonly Filter[] = ["iptables", "nftables"];
/** The engines, with either iptables. */
export const FILTERS: readonly Filter[] = [...ENGINES, "iptables-legacy"];

/** The key of a test process, whose range is wide of every service of the laboratory. */
const KEY = `${formatRandomKey(crypto.getRandomValues(new Uint8Array(32)))}?ports=20000-40000`;

/** How a `serve` is started. */
export interface ServeOptions {
  /** What it filters with; without it that is for `serve` to choose. */
  readonly engine?: Filter;
  readonly args?: readonly string[];
  /** The line that is its key; that of the laboratory unless given. */
  readonly key?: string;
  /** The command that is c3po; that of the tests unless given. */
  readonly program?: readonly string[];
  /** A directory that lies over /usr/local/sbin, where tools are looked for first. */
  readonly tools?: string;
  /** Shell commands that prepare the mounts or settings it runs among. */
  readonly prepare?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A `c3po serve` that was started, and what its clients know. */
export interface Serving {
  readonly child: Child;
  readonly key: string;
  readonly keyFile: string;
  /** The schedule both ends follow. */
  readonly schedule: Schedule;
  /** The ports of this minute. */
  ports(traps?: number): Promise<MinutePorts>;
  /** Waits for an event of its log, the first behind so many lines. */
  event(name: string, fields?: string | RegExp, after?: number): Promise<string>;
  /** The lines of its log about an event. */
  events(name: string): string[];
  /** Ends it as systemd would, and waits until it has cleaned up. */
  stop(): Promise<Deno.CommandStatus>;
  /** Kills it, and waits until nothing of it writes any more. */
  kill(): Promise<void>;
}

/** Writes a key file that `serve` and the clients of a test share. */
export async function writeKey(machine: Namespace, text = KEY, mode = 0o600): Promise<string> {
  const file = join(machine.directory, "key");
  await Deno.writeTextFile(file, text + "\n");
  await Deno.chmod(file, mode);
  return file;
}

/** So many start at once: with more of them each takes longer than anybody waits. */
const STARTS_AT_ONCE = 3;
let starting = 0;
const queue: (() => void)[] = [];

/** Starts `c3po serve` and waits until it serves. */
export async function startServe(machine: Namespace, options: ServeOptions = {}): Promise<Serving> {
  if (starting >= STARTS_AT_ONCE) await new Promise<void>((resolve) => queue.push(resolve));
  else starting++;
  try {
    const serving = await spawnServe(machine, options);
    await serving.event("started");
    return serving;
  } finally {
    const next = queue.shift();
    if (next === undefined) starting--;
    else next();
  }
}

/** Starts `c3po serve`, without waiting for anything. */
export async function spawnServe(machine: Namespace, options: ServeOptions = {}): Promise<Serving> {
  const { engine, args = [], key = KEY, program = c3poCommand(), prepare = "true" } = options;
  const keyFile = await writeKey(machine, key);
  const tools = options.tools ?? (engine === "iptables-legacy" ? await legacyTools(machine) : null);
  const mount = tools === null ? "true" : `mount --bind '${tools}' /usr/local/sbin`;
  // What `ip netns exec` runs has mounts of its own: none of these is seen outside.
  const script = `${mount} && { ${prepare}; } && exec "$@"`;
  const firewall = engine === undefined ? [] : ["--firewall", engine.replace("-legacy", "")];
  const words = [...program, "serve", "--key", keyFile, ...firewall, ...args];
  const child = machine.spawn("sh", ["-c", script, "sh", ...words], {
    cwd: machine.directory, // a compiled c3po may read and write there, and in its fixed folders
    env: {
      HOME: machine.home,
      STATE_DIRECTORY: machine.stateDirectory,
      RUNTIME_DIRECTORY: machine.runtimeDirectory,
      DENO_DIR: denoDirectory(), // it hangs on HOME, and an empty one would be filled from the network
      ...options.env,
    },
  });
  const schedule = await Schedule.of(parseKey(key));
  return {
    child,
    key,
    keyFile,
    schedule,
    ports: (traps = 15) => schedule.ports(minuteAt(Date.now()), traps),
    event: (name, fields = "", after = 0) =>
      child.waitForLine((line) => isAbout(line, name, fields), undefined, after).catch((error) => {
        throw new Error(`no event=${name} ${fields}`, { cause: error });
      }),
    events: (name) => child.lines.map(({ text }) => text).filter((line) => isAbout(line, name)),
    stop: async () => {
      child.kill();
      return await child.finished();
    },
    kill: async () => {
      child.kill("SIGKILL");
      await child.finished();
    },
  };
}

/**
 * Waits until so many milliseconds of a minute are left in which no port of a minute beside it is open.
 *
 * @param grace of the server, in milliseconds
 */
export async function pastGrace(ms: number, grace = 15_000): Promise<number> {
  const minute = Math.floor(Date.now() / 60_000);
  const [from, until] = [minute * 60_000 + grace, (minute + 1) * 60_000 - grace - ms];
  if (Date.now() >= from && Date.now() <= until) return minute;
  return await untilMinute(grace);
}

function isAbout(line: string, name: string, fields: string | RegExp = ""): boolean {
  const said = typeof fields === "string" ? line.includes(fields) : fields.test(line);
  return said && new RegExp(` event=${name}( |$)`).test(line);
}

/** A directory of tools in which `iptables` is the one of the older kind. */
export async function legacyTools(machine: Namespace): Promise<string> {
  const folder = join(machine.directory, "legacy-tools");
  try {
    await Deno.mkdir(folder);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return folder;
    throw error;
  }
  for (const name of ["iptables", "ip6tables"]) {
    for (const part of ["", "-save", "-restore"]) {
      await Deno.symlink(`/usr/sbin/${name}-legacy${part}`, join(folder, `${name}${part}`));
    }
  }
  return folder;
}

import { setImmediate } from "node:timers";
import { MemoryFirewall, MemoryKernel } from "../../../src/firewall/memory.ts";
import type { Firewall } from "../../../src/firewall/firewall.ts";
import { UNKNOWN_SYNC } from "../../../src/os/clock_status.ts";
import type { AdminSession } from "../../../src/os/admin_session.ts";
import type { Finding } from "../../../src/os/finding.ts";
import type { Ipv6Network } from "../../../src/os/ipv6_network.ts";
import type { Listener } from "../../../src/os/listener.ts";
import type { ServiceManager } from "../../../src/os/notify.ts";
import { parseKey } from "../../../src/schedule/key_text.ts";
import { minuteAt } from "../../../src/schedule/minute.ts";
import { type MinutePorts, Schedule } from "../../../src/schedule/schedule.ts";
import { readServerConfig } from "../../../src/server/config.ts";
import type { FoundKey } from "../../../src/users/key_files.ts";
import { loadUsers } from "../../../src/users/registry.ts";
import type { Configuration } from "../../../src/server/context.ts";
import type { SeenLogin } from "../../../src/server/login_observer.ts";
import type { Machine } from "../../../src/server/machine.ts";
import type { ServerConfig } from "../../../src/server/options.ts";
import { reportFile } from "../../../src/server/report_file.ts";
import { parseReport, type Report } from "../../../src/server/report.ts";
import { serveWith } from "../../../src/server/serve.ts";
import { FakeClock, settle } from "../fake_clock.ts";
import { FakeSocket } from "./carrier.ts";
import { keepLog, type Line } from "./log.ts";

/** Thirty seconds into a minute. */
export const START = 1_800_000_030_000;
export const TARPIT_PORT = 61_023;

/** Those of a daemon who wait for the clock while nothing happens: the ticker, the tarpit, the banner. */
const WAITING = 3;
/** Real milliseconds after which a daemon is taken to hang. */
const HANGS_MS = 60_000;

/** A call of the packet filter, and when it came. */
export interface Call {
  readonly method: string;
  /** Seconds since {@linkcode START}, by the clock that nobody sets. */
  readonly second: number;
}

/** How a server starts. */
export interface Setting {
  readonly config?: Partial<ServerConfig>;
  readonly key?: string;
  /** Unix milliseconds. */
  readonly at?: number;
  /** What an earlier run left: its kernel, its clock, its folder. */
  readonly after?: Pick<Server, "kernel" | "clock" | "folder" | "resting">;
  /** Milliseconds within which the service manager must hear something. */
  readonly patience?: number;
  readonly admin?: AdminSession;
  /** What is prepared before the start. */
  readonly before?: (server: Server) => unknown;
}

/**
 * `serve` as it is, on a packet filter in memory and a clock that obeys: many minutes take no time, and
 * neither root nor a kernel is needed. Its files are real, in a folder of its own.
 */
export class Server implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly kernel: MemoryKernel;
  readonly firewall: MemoryFirewall;
  readonly schedule: Schedule;
  readonly folder: string;
  /** Waits until the server that runs rests. */
  readonly resting: { wait: () => Promise<void> };
  readonly lines: Line[] = keepLog();
  readonly calls: Call[] = [];
  /** What the service manager was told. */
  readonly told: string[] = [];
  /** Who listens on this machine. */
  readonly listeners = { system: new Set([22]), ordinary: new Set<number>() };
  /** What it has of IPv6. */
  ipv6: Ipv6Network | Error = { addresses: [], gateways: [], local: [] };
  /** Whom sshd has let in, for as long as they stay. */
  readonly logins: SeenLogin[] = [];
  /** What sshd logged since it was read last. */
  readonly logLines: SeenLogin[] = [];
  /** Who has a session: addresses, or of IPv6 their /64. */
  readonly sessions = new Set<string>();
  /** Where `c3po share` connects, if bans are shared. */
  socket: FakeSocket | null = null;
  /** What is read when the configuration is read again, or the error that this is. */
  next: Partial<ServerConfig> | Error = {};
  /** Tells that something changed in the folder of users, as the system would. */
  touchUsers: () => void = () => {};
  /** The same of the folder in which commands are left. */
  touchCommands: () => void = () => {};
  /** What a probe of the rules finds. */
  probe: () => Promise<readonly Finding[]> = () => Promise.resolve([]);
  /** How many wait for the clock while nothing happens. */
  waiting = WAITING;
  readonly #key: FoundKey | null;
  readonly #end = new AbortController();
  #reload = new AbortController();
  #isOver = false;
  #error: unknown = null;
  #startedAt = 0;
  #running: Promise<void> = Promise.resolve();

  private constructor(setting: Setting, schedule: Schedule, folder: string, key: FoundKey | null) {
    this.schedule = schedule;
    this.#key = key;
    this.folder = folder;
    const { after } = setting;
    this.resting = after?.resting ?? { wait: () => Promise.resolve() };
    this.resting.wait = () => this.#rest();
    this.clock = after?.clock ?? new FakeClock(setting.at ?? START, () => this.resting.wait());
    this.kernel = setting.after?.kernel ??
      new MemoryKernel({ now: () => this.clock.now(), uptime: () => this.clock.uptime() });
    this.firewall = new MemoryFirewall(this.kernel);
  }

  /** Starts `serve` and waits until it rests. @throws what it ended with, if it did */
  static async start(setting: Setting = {}): Promise<Server> {
    const key = parseKey(setting.key ?? "classic:daemon");
    const schedule = await Schedule.of(key);
    const folder = setting.after?.folder ?? await Deno.makeTempDir({ prefix: "c3po-daemon-" });
    const server = new Server(setting, schedule, folder, { key, source: "/etc/c3po/key" });
    await setting.before?.(server);
    await server.#run(setting);
    await server.clock.advance(0);
    if (server.#error !== null) throw server.#error;
    return server;
  }

  /** The ports of a minute, counted from the present one. */
  async ports(offset = 0): Promise<MinutePorts> {
    return await this.schedule.ports(minuteAt(this.clock.now()) + offset, 15);
  }

  /** A trap of this minute; no service has it. */
  async trap(): Promise<number> {
    return (await this.ports()).traps[0]!;
  }

  /** Lets seconds pass. */
  async pass(seconds: number): Promise<void> {
    await this.clock.advance(seconds * 1000);
    if (this.#error !== null) throw this.#error;
  }

  /** Asks for the configuration to be read again, and waits until it is served. */
  async reload(next: Partial<ServerConfig> | Error = {}): Promise<void> {
    this.next = next;
    const ended = (): number => this.told.filter((what) => what === "reloading").length;
    const before = ended();
    this.#reload.abort();
    const { waiting } = this;
    this.waiting = 1;
    while (ended() === before && !this.#isOver) await this.clock.advance(250);
    this.waiting = waiting;
    await this.clock.advance(0);
  }

  /** Ends it in good order. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    await this.#stop(signal);
    if (this.#error !== null) throw this.#error;
  }

  /** What it ended with; null while it runs. */
  get error(): unknown {
    return this.#error;
  }

  /** The calls of one method, each by its second. */
  callsOf(method: string): number[] {
    return this.calls.filter((call) => call.method === method).map(({ second }) => second);
  }

  /** What was logged under one name. */
  logged(event: string): Line[] {
    return this.lines.filter((line) => line.event === event);
  }

  /** What it tells `c3po status`; null if there is no report. */
  async report(): Promise<Report | null> {
    try {
      return parseReport(await Deno.readTextFile(await reportFile(this.folder)));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    await Deno.remove(this.folder, { recursive: true }).catch(() => {});
  }

  async #stop(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    this.#end.abort(signal);
    this.waiting = 1;
    while (!this.#isOver) await this.clock.advance(250);
    await this.#running;
  }

  async #run({ config = {}, patience, admin = undefined }: Setting): Promise<void> {
    const configuration = await this.#configuration(config);
    const reread = (): Promise<Configuration> => {
      if (this.next instanceof Error) return Promise.reject(this.next);
      return this.#configuration({ ...config, ...this.next });
    };
    const options = {
      configuration,
      reread,
      clock: this.clock,
      runtimeFolder: this.folder,
      stateFolder: this.folder,
      service: this.#service(patience ?? null),
      admin: admin ?? null,
      force: false,
    };
    const requests = {
      end: this.#end.signal,
      reload: () => (this.#reload = new AbortController()).signal,
    };
    this.#startedAt = this.clock.uptime();
    this.#running = serveWith(this.#spied(), this.#machine(), options, requests)
      .catch((error) => this.#error = error).finally(() => this.#isOver = true).then(() => {});
  }

  async #configuration(config: Partial<ServerConfig>): Promise<Configuration> {
    const usersFolder = `${this.folder}/users`;
    const server = this.#key;
    const registry = await loadUsers(usersFolder, server);
    return { config: { ...readServerConfig([]), ...config }, server, usersFolder, registry };
  }

  /** The packet filter, with each call noted. */
  #spied(): Firewall {
    return new Proxy<Firewall>(this.firewall, {
      get: (target, name) => {
        const value = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          const second = (this.clock.uptime() - this.#startedAt) / 1000;
          if (typeof name === "string") this.calls.push({ method: name, second });
          return value.apply(target, args);
        };
      },
    });
  }

  #machine(): Machine {
    return {
      listeners: () =>
        Promise.resolve({
          system: new Set(this.listeners.system),
          ordinary: new Set(this.listeners.ordinary),
        }),
      ipv6Network: () =>
        this.ipv6 instanceof Error ? Promise.reject(this.ipv6) : Promise.resolve(this.ipv6),
      logins: () => [
        { tellsOnce: true, read: () => Promise.resolve(this.logLines.splice(0)) },
        { tellsOnce: false, read: () => Promise.resolve([...this.logins]) },
      ],
      clockSync: () => Promise.resolve(UNKNOWN_SYNC),
      banner: () => Promise.resolve("SSH-2.0-OpenSSH_9.6"),
      greeting: () => Promise.resolve(new Uint8Array()),
      listen: (preferred) => silentListener(preferred),
      listenLocally: () => this.socket = new FakeSocket(),
      sessions: () => Promise.resolve(new Set(this.sessions)),
      watch: (folder, changed, signal) => {
        if (folder.endsWith("/users")) this.touchUsers = changed;
        else this.touchCommands = changed;
        changed();
        return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
      },
      otherEngines: () => Promise.resolve([]),
      probe: () => this.probe(),
      tellSaved: () => Promise.resolve(),
    };
  }

  #service(patience: number | null): ServiceManager {
    const tell = (what: string) => () => Promise.resolve(void this.told.push(what));
    return {
      isThere: patience !== null,
      patience,
      ready: tell("ready"),
      status: tell("status"),
      reloading: tell("reloading"),
      alive: tell("alive"),
      stopping: tell("stopping"),
      [Symbol.dispose]: () => {},
    };
  }

  /** Waits until everybody waits for the clock, or all is over: reading and writing files takes real time. */
  async #rest(): Promise<void> {
    const giveUp = performance.now() + HANGS_MS;
    while (!this.#isOver && this.clock.waiting < this.waiting) {
      if (performance.now() > giveUp) throw new Error(`${this.clock.waiting} wait for the clock`);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    await settle();
  }
}

/** A socket to which nobody ever connects. */
function silentListener(port: number): Listener {
  const { promise, resolve } = Promise.withResolvers<IteratorResult<never>>();
  return {
    port,
    connections: { [Symbol.asyncIterator]: () => ({ next: () => promise }) },
    close: () => resolve({ done: true, value: undefined }),
  };
}

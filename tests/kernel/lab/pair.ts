import { fromFileUrl, join } from "@std/path";
import { formatRandomKey } from "../../../src/schedule/key_text.ts";
import { minuteAt } from "../../../src/schedule/minute.ts";
import type { Schedule } from "../../../src/schedule/schedule.ts";
import { c3poCommand, denoDirectory } from "./c3po.ts";
import type { Namespace } from "./namespace.ts";
import { Lab } from "./network.ts";
import type { RunOptions, RunResult } from "./process.ts";
import { type ServeOptions, type Serving, startServe } from "./serve.ts";
import { sshArgs, type Sshd, startSshd } from "./sshd.ts";

const C3PO_AT = fromFileUrl(new URL("./c3po_at.ts", import.meta.url));

/** A server with c3po and sshd, and a user with the key of both. */
export class Pair implements AsyncDisposable {
  private constructor(
    readonly lab: Lab,
    readonly sshd: Sshd,
    readonly serve: Serving,
  ) {}

  static async create(options: ServeOptions = {}, peers = ["user"]): Promise<Pair> {
    const lab = await Lab.create({ peers });
    try {
      const sshd = await startSshd(lab.server);
      const key = formatRandomKey(crypto.getRandomValues(new Uint8Array(32)));
      const serve = await startServe(lab.server, { key, ...options });
      await putKey(lab.user, "default", key);
      return new Pair(lab, sshd, serve);
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * A pair whose key has no SSH port among the traps of the minutes around, and whose user knows how many traps
   * there are. With one key in a hundred there is such a port, and then it is rightly not tried.
   */
  static async createClear(args: readonly string[] = []): Promise<Pair> {
    for (;;) {
      const pair = await Pair.create({ args });
      const minutes = Array.from({ length: 13 }, (_, i) => minuteAt(Date.now()) - 6 + i);
      const around = await Promise.all(minutes.map((minute) => pair.schedule.ports(minute, 15)));
      const traps = new Set(around.flatMap((minute) => minute.traps));
      if (!around.some(({ ssh }) => traps.has(ssh))) {
        // Who is not told how many traps there are tries no neighbour at all.
        await pair.tellTraps();
        return pair;
      }
      await pair[Symbol.asyncDispose]();
    }
  }

  get schedule(): Schedule {
    return this.serve.schedule;
  }

  /** The line that is the key. */
  get key(): string {
    return this.serve.key;
  }

  get user(): Namespace {
    return this.lab.user;
  }

  get server(): Namespace {
    return this.lab.server;
  }

  /**
   * Options for ssh and all that run it, with the host `server` and whatever else is wanted.
   *
   * @param lines of the block of that host
   */
  async config(lines: string[] = [], hosts = ""): Promise<string[]> {
    const block = ["Host server", `HostName ${this.server.address4}`, ...lines];
    const text = `${block.join("\n  ")}\n${hosts}`;
    return await sshArgs(this.sshd, { hosts: text });
  }

  /** Tells the user how many traps the server sets; without that no neighbouring minute is tried. */
  async tellTraps(traps = 15): Promise<void> {
    await putKey(this.user, "default", `# traps = ${traps}\n${this.key}`);
  }

  /**
   * A ProxyCommand for the user.
   *
   * @param ahead milliseconds by which its clock is ahead of the server's
   */
  proxyCommand(ahead = 0, home = this.user.home): string {
    const env = ["env", `HOME=${home}`, `DENO_DIR=${denoDirectory()}`];
    return `ProxyCommand ${[...env, ...commandAt(ahead), "proxy", "%h"].join(" ")}`;
  }

  /** Runs c3po as the user, with a clock that is ahead of the server's. */
  async c3poAt(ahead: number, args: string[], options: RunOptions = {}): Promise<RunResult> {
    const [command, ...first] = commandAt(ahead);
    return await this.user.run(command, [...first, ...args], {
      ...options,
      env: { HOME: this.user.home, DENO_DIR: denoDirectory(), ...options.env },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }
}

/** Puts a key where a user of that machine keeps the key of a host. */
export async function putKey(machine: Namespace, name: string, key: string): Promise<string> {
  const folder = join(machine.home, ".config", "c3po");
  await Deno.mkdir(folder, { recursive: true });
  const file = join(folder, `${name}.key`);
  await Deno.writeTextFile(file, `${key}\n`, { mode: 0o600 });
  return file;
}

/** The command of a c3po whose clock is so many milliseconds ahead. */
export function commandAt(ahead: number): [string, ...string[]] {
  if (ahead === 0) return c3poCommand();
  return [Deno.execPath(), "run", "--no-prompt", "-A", C3PO_AT, String(ahead)];
}

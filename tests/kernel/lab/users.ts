import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { parseKey } from "../../../src/schedule/key_text.ts";
import { minuteAt } from "../../../src/schedule/minute.ts";
import { Schedule } from "../../../src/schedule/schedule.ts";
import type { Namespace } from "./namespace.ts";
import type { RunResult } from "./process.ts";

/** `c3po user` on a server, as its administrator runs it. */
export class Users {
  readonly folder: string;
  readonly #server: Namespace;

  constructor(server: Namespace) {
    this.#server = server;
    this.folder = join(server.directory, "users");
  }

  /** Runs any command of the server that knows where its users and its key are. */
  c3po(args: string[], stdin?: string): Promise<RunResult> {
    return this.#server.c3po(args, {
      ...stdin === undefined ? {} : { stdin },
      env: {
        C3PO_USERS: this.folder,
        C3PO_KEY: join(this.#server.directory, "key"),
        STATE_DIRECTORY: this.#server.stateDirectory,
        RUNTIME_DIRECTORY: this.#server.runtimeDirectory,
      },
    });
  }

  async run(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.c3po(["user", ...args]);
    assertEquals(code, 0, stderr);
    return stdout;
  }

  /** Adds a user. @returns the key line */
  async add(name: string): Promise<string> {
    return (await this.run("add", name)).trim();
  }
}

/** The SSH port of a key in this minute, or in one beside it. */
export async function portOf(line: string, offset = 0): Promise<number> {
  const schedule = await Schedule.of(parseKey(line));
  return (await schedule.ports(minuteAt(Date.now()) + offset, 0)).ssh;
}

/** Where the service beside sshd listens. */
export const SERVICE_PORT = 5432;
const GREETER = fromFileUrl(new URL("./greeter.ts", import.meta.url));

/**
 * Starts a service beside sshd.
 *
 * @returns commands that lay a configuration with it over /etc, seen by `serve` alone
 */
export async function withService(server: Namespace): Promise<string> {
  const words = ["run", "--no-prompt", "-A", GREETER, String(SERVICE_PORT), "hello\n"];
  const greeter = server.spawn(Deno.execPath(), words);
  await greeter.waitForLine((line) => line === "listening");
  return await withConfiguration(server, `[service.greeter]\nto = ${SERVICE_PORT}\n`);
}

/**
 * A configuration file of a server.
 *
 * @returns commands that lay it over /etc, seen by `serve` alone
 */
export async function withConfiguration(server: Namespace, text: string): Promise<string> {
  const over = join(server.directory, "over");
  await Deno.mkdir(over, { recursive: true });
  await Deno.writeTextFile(join(server.directory, "server.toml"), text);
  return `mount -t tmpfs tmpfs '${over}' && mkdir '${over}/upper' '${over}/work' && ` +
    `mount -t overlay overlay -o 'lowerdir=/etc,upperdir=${over}/upper,workdir=${over}/work' /etc && ` +
    `mkdir -p /etc/c3po && cp '${server.directory}/server.toml' /etc/c3po/`;
}

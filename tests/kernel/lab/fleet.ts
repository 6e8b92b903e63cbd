import { join } from "@std/path";
import { publicKeyOf } from "../../../src/fleet/member.ts";
import { formatKey } from "../../../src/schedule/key_text.ts";
import { passwordOf, Redis } from "../../fleet/redis.ts";
import type { Namespace } from "./namespace.ts";
import type { Child, RunResult } from "./process.ts";
import { type ServeOptions, type Serving, startServe } from "./serve.ts";

/** Some servers and the store by which they share their bans. */
export class Fleet implements AsyncDisposable {
  readonly #names: readonly string[];
  readonly #seeds = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #admin = crypto.getRandomValues(new Uint8Array(32));

  private constructor(readonly redis: Redis, names: readonly string[]) {
    this.#names = names;
    for (const name of names) {
      this.#seeds.set(name, crypto.getRandomValues(new Uint8Array(32)));
    }
  }

  /** Starts a store on a machine of its own. */
  static async create(store: Namespace, members: readonly Namespace[]): Promise<Fleet> {
    const names = members.map(({ name }) => name);
    const within = ["ip", "netns", "exec", store.netns];
    return new Fleet(await Redis.start({ bind: store.address4, members: names, within }), names);
  }

  /** Signs an order, as the administrator does on a machine of their own, and hands it to a member. */
  async order(machine: Namespace, serve: Serving, words: readonly string[]): Promise<void> {
    const key = join(machine.directory, "admin.key");
    const line = formatKey({ kind: "admin", bytes: this.#admin }) + "\n";
    await Deno.writeTextFile(key, line, { mode: 0o600 });
    const { stdout } = await machine.c3po(["fleet", "order", ...words, "--key", key]);
    const { code, stderr } = await this.publish(machine, serve, stdout);
    if (code !== 0) throw new Error(stderr);
  }

  /** Hands lines to a member. */
  async publish(machine: Namespace, serve: Serving, text: string): Promise<RunResult> {
    // Where serve is, whose /etc nobody else sees.
    const within = [
      "-t",
      String(serve.child.pid),
      "-m",
      "--",
      ...machine.c3poWords(["fleet", "publish"]),
    ];
    return await machine.run("nsenter", within, { stdin: text, env: machine.c3poEnv() });
  }

  /** Starts `serve` on a member, and `c3po share` beside it, and waits until the store answers. */
  async join(
    machine: Namespace,
    options: ServeOptions = {},
    settings = "",
  ): Promise<{ serve: Serving; share: Child }> {
    const prepare = await this.#prepare(machine, settings);
    const serve = await startServe(machine, { ...options, prepare });
    const share = this.carry(machine);
    await serve.event("share_up");
    return { serve, share };
  }

  /** Starts `c3po share`, without any capability. */
  carry(machine: Namespace): Child {
    const [program, ...args] = machine.c3poWords([
      ...["share", "--socket", join(machine.runtimeDirectory, "share.sock")],
    ]);
    const bare = ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"];
    return machine.spawn("setpriv", [...bare, program!, ...args], {
      env: machine.c3poEnv(),
    });
  }

  /** Commands that lay a configuration over /etc, seen by one `serve` alone. */
  async #prepare(machine: Namespace, settings: string): Promise<string> {
    const over = join(machine.directory, "over");
    const etc = join(machine.directory, "etc");
    for (const folder of [over, etc]) await Deno.mkdir(folder);
    const lines = this.#names.map(async (name) =>
      `${name} ${await publicKeyOf(this.#seeds.get(name)!)}\n`
    );
    const bytes = this.#seeds.get(machine.name)!;
    const files: Record<string, string> = {
      members: (await Promise.all(lines)).join(""),
      "member.key": formatKey({ kind: "member", bytes }) + "\n",
      "store.toml": `username = "${machine.name}"\npassword = "${passwordOf(machine.name)}"\n`,
      "store-ca.pem": await this.redis.ca(),
      "server.toml": [
        "[share]",
        `store = "${this.redis.url}"`,
        'ca = "/etc/c3po/store-ca.pem"',
        'credentials = "/etc/c3po/store.toml"',
        "private = true",
        `admin = "${await publicKeyOf(this.#admin)}"`,
        settings,
        "",
      ].join("\n"),
    };
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(join(etc, name), text, { mode: 0o600 });
    }
    return `mount -t tmpfs tmpfs '${over}' && mkdir '${over}/upper' '${over}/work' && ` +
      `mount -t overlay overlay -o 'lowerdir=/etc,upperdir=${over}/upper,workdir=${over}/work' /etc && ` +
      `mkdir -p /etc/c3po && cp -p '${etc}'/* /etc/c3po/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.redis[Symbol.asyncDispose]();
  }
}

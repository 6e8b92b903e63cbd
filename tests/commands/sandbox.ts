import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { c3poCommand, denoDirectory } from "../kernel/lab/c3po.ts";

/** What one call of the command line shall show. */
export interface Expected {
  /** The exit code; 0 unless given. */
  code?: number;
  /** All of stdout: nothing unless given. */
  stdout?: string | RegExp;
  /** All of stderr: nothing unless given. */
  stderr?: string | RegExp;
}

/** How it is called. */
export interface Call {
  stdin?: string;
  env?: Record<string, string>;
  /** Words before the command, which run it. */
  prefix?: string[];
}

/** A home of its own, empty, in which the real program is run as a user would run it. */
export class Sandbox implements AsyncDisposable {
  private constructor(readonly home: string) {}

  static async create(): Promise<Sandbox> {
    return new Sandbox(await Deno.makeTempDir({ prefix: "c3po-commands-" }));
  }

  /** A path in this home. */
  path(...names: string[]): string {
    return join(this.home, ...names);
  }

  /** Puts a file there that only its owner may read. */
  async put(name: string, text: string, mode = 0o600): Promise<string> {
    const path = this.path(name);
    await Deno.mkdir(join(path, ".."), { recursive: true });
    await Deno.writeTextFile(path, text);
    await Deno.chmod(path, mode);
    return path;
  }

  /** The mode and the text of a file there. */
  async get(name: string): Promise<{ mode: number; text: string }> {
    const [{ mode }, text] = await Promise.all([
      Deno.stat(this.path(name)),
      Deno.readTextFile(this.path(name)),
    ]);
    return { mode: mode! & 0o777, text };
  }

  /** Every file there, half-made ones too. */
  async files(folder = ""): Promise<string[]> {
    const found: string[] = [];
    for await (const entry of Deno.readDir(this.path(folder))) {
      const name = join(folder, entry.name);
      if (entry.isDirectory) found.push(...await this.files(name));
      else found.push(name);
    }
    return found.sort();
  }

  /** Runs c3po as {@linkcode c3po} does, behind a script in a mount namespace of its own. */
  async confined(script: string, args: string[], expected: Expected, stdin: string): Promise<void> {
    const prefix = ["unshare", "--mount", "sh", "-c", script, "sh"];
    await this.c3po(args, expected, { stdin, prefix });
  }

  /** Runs c3po and holds what it shows against what it shall show. Returns its stdout. */
  async c3po(
    args: string[],
    expected: Expected,
    { stdin, env, prefix = [] }: Call = {},
  ): Promise<string> {
    const [command, ...first] = [...prefix, ...c3poCommand()];
    const child = new Deno.Command(command!, {
      args: [...first, ...args],
      stdin: stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
      clearEnv: true,
      env: { PATH: Deno.env.get("PATH")!, HOME: this.home, DENO_DIR: denoDirectory(), ...env },
    }).spawn();
    if (stdin !== undefined) {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(stdin));
      await writer.close();
    }
    const output = await child.output();
    const [stdout, stderr] = [output.stdout, output.stderr].map((b) => new TextDecoder().decode(b));
    const said = `c3po ${args.join(" ")}\nstdout: ${stdout}\nstderr: ${stderr}`;
    compare(stdout!, expected.stdout ?? "", said);
    compare(stderr!, expected.stderr ?? "", said);
    assertEquals(output.code, expected.code ?? 0, said);
    return stdout!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.home, { recursive: true });
  }
}

function compare(actual: string, expected: string | RegExp, said: string): void {
  if (typeof expected === "string") assertEquals(actual, expected, said);
  else assertMatch(actual, expected, said);
}

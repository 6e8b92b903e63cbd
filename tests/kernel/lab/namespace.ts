import { join } from "@std/path";
import { c3poCommand, denoDirectory } from "./c3po.ts";
import { Child, must, run, type RunOptions, type RunResult, type SpawnOptions } from "./process.ts";

/** One machine of the laboratory: a network namespace with an address of each family on `eth0`. */
export class Namespace {
  readonly #children: Child[] = [];

  constructor(
    /** What the test calls it: `server`, `user`, … */
    readonly name: string,
    /** What `ip netns` calls it. */
    readonly netns: string,
    readonly address4: string,
    readonly address6: string,
    /** Its own temporary directory: `state`, `run` and `home` of the c3po that runs here, and more. */
    readonly directory: string,
  ) {}

  get stateDirectory(): string {
    return join(this.directory, "state");
  }

  get runtimeDirectory(): string {
    return join(this.directory, "run");
  }

  get home(): string {
    return join(this.directory, "home");
  }

  run(command: string, args: string[], options?: RunOptions): Promise<RunResult> {
    return run("ip", this.#inside(command, args), options);
  }

  /** As `run`, for a command that has to succeed; returns its stdout. */
  must(command: string, args: string[], options?: RunOptions): Promise<string> {
    return must("ip", this.#inside(command, args), options);
  }

  /** Starts a program that runs until it is stopped, at the latest when the laboratory is closed. */
  spawn(command: string, args: string[], options?: SpawnOptions): Child {
    const child = new Child("ip", this.#inside(command, args), options);
    this.#children.push(child);
    return child;
  }

  /** Runs c3po here: the one that `C3PO_BIN` names, else this checkout's. */
  c3po(args: string[], options: RunOptions = {}): Promise<RunResult> {
    const [command, ...words] = this.c3poWords(args);
    return this.run(command, words, {
      cwd: this.directory, // a compiled c3po may read and write there, and in its fixed folders
      ...options,
      env: this.c3poEnv(options.env),
    });
  }

  spawnC3po(args: string[], options: SpawnOptions = {}): Child {
    const [command, ...words] = this.c3poWords(args);
    return this.spawn(command, words, {
      cwd: this.directory,
      ...options,
      env: this.c3poEnv(options.env),
    });
  }

  /** Gives it one more address, reachable by all others when it lies in 10.77.0.0/16 or fd77::/16. */
  async addAddress(address: string): Promise<void> {
    const v6 = address.includes(":");
    await this.must("ip", [
      "address",
      "add",
      `${address}/${v6 ? 128 : 32}`,
      "dev",
      "eth0",
      ...v6 ? ["nodad"] : [],
    ]);
  }

  /** Waits for the end of everything spawned here; the reaper is what ends it. */
  async finished(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.finished()));
  }

  #inside(command: string, args: string[]): string[] {
    return ["netns", "exec", this.netns, command, ...args];
  }

  /** The words that run c3po. */
  c3poWords(args: readonly string[]): [string, ...string[]] {
    const [command, ...first] = c3poCommand();
    return [command, ...first, ...args];
  }

  /** The environment of a c3po that runs here. */
  c3poEnv(env: Record<string, string> = {}): Record<string, string> {
    return {
      HOME: this.home,
      STATE_DIRECTORY: this.stateDirectory,
      RUNTIME_DIRECTORY: this.runtimeDirectory,
      DENO_DIR: denoDirectory(), // it hangs on HOME, and an empty one would be filled from the network
      ...env,
    };
  }
}

import type { Namespace } from "./namespace.ts";
import { c3poCommand, denoDirectory } from "./c3po.ts";
import { must, run } from "./process.ts";
import { PATIENCE_MS, waitFor } from "./wait.ts";

/** How a pane is set up. */
export interface PaneOptions {
  columns: number;
  rows: number;
  /** Variables for what runs in it. */
  env?: Record<string, string>;
  /** The machine it runs on; this one unless given. */
  machine?: Namespace;
}

/** A real terminal, of which a test sees what a person would see: a shell in a pane of tmux. */
export class Pane implements AsyncDisposable {
  readonly #socket: string;
  readonly #env: Record<string, string>;

  private constructor(socket: string, env: Record<string, string>) {
    this.#socket = socket;
    this.#env = env;
  }

  static async open({ columns, rows, env = {}, machine }: PaneOptions): Promise<Pane> {
    const folder = await Deno.makeTempDir({ prefix: "c3po-pane-" });
    const pane = new Pane(`${folder}/tmux`, {
      TERM: "screen-256color",
      LC_ALL: "C.UTF-8",
      DENO_DIR: denoDirectory(),
      ...machine && {
        STATE_DIRECTORY: machine.stateDirectory,
        RUNTIME_DIRECTORY: machine.runtimeDirectory,
      },
      ...env,
    });
    const size = ["-x", String(columns), "-y", String(rows)];
    const words = [...pane.#words("new-session", "-d", ...size, "env PS1='$ ' sh")];
    // A TMUX or NO_COLOR of whoever runs the tests shall not get in.
    const clean = ["-u", "TMUX", "-u", "NO_COLOR", "-u", "ENV", "tmux", ...words];
    if (machine) await machine.must("env", clean, { env: pane.#env });
    else await must("env", clean, { env: pane.#env });
    await pane.waitFor(/^\$ *$/m);
    return pane;
  }

  /** What is on the screen, line by line, without blanks at the ends. */
  async lines(): Promise<string[]> {
    const text = await this.#tmux("capture-pane", "-p");
    return text.replace(/\n$/, "").split("\n");
  }

  /** The same with its colours. */
  async coloured(): Promise<string> {
    return await this.#tmux("capture-pane", "-pe");
  }

  /** Types keys, as tmux names them, or a text. */
  async type(...keys: string[]): Promise<void> {
    await this.#tmux("send-keys", ...keys);
  }

  /** Clears the screen, and waits for that: what is waited for next may be what was there before. */
  async clear(): Promise<void> {
    await this.type("clear", "Enter");
    await this.waitFor((screen) => screen.trim() === "$");
  }

  /** Types a command that runs c3po. */
  async c3po(...args: string[]): Promise<void> {
    await this.type([...c3poCommand(), ...args].join(" "), "Enter");
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** Waits until the screen matches, and returns its lines. */
  async waitFor(
    match: RegExp | ((screen: string) => boolean),
    deadlineMs = PATIENCE_MS,
  ): Promise<string[]> {
    const matches = match instanceof RegExp ? (screen: string) => match.test(screen) : match;
    let last: string[] = [];
    return await waitFor(async () => {
      last = await this.lines();
      return matches(last.join("\n")) ? last : undefined;
    }, { deadlineMs, what: `screen like ${match}` }).catch((error) => {
      throw new Error(`${error.message}; the screen:\n${last.join("\n")}`, { cause: error });
    });
  }

  /** Whether the cursor is shown. */
  async cursor(): Promise<boolean> {
    return (await this.#tmux("display-message", "-p", "#{cursor_flag}")).trim() === "1";
  }

  /** The terminal's device. */
  async tty(): Promise<string> {
    return (await this.#tmux("display-message", "-p", "#{pane_tty}")).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("tmux", this.#words("kill-server"));
    await Deno.remove(this.#socket.replace(/\/tmux$/, ""), { recursive: true });
  }

  async #tmux(...words: string[]): Promise<string> {
    return await must("tmux", this.#words(...words));
  }

  #words(...words: string[]): string[] {
    return ["-S", this.#socket, "-f", "/dev/null", ...words];
  }
}

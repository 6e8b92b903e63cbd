import { fromFileUrl } from "@std/path";
import { NftablesFirewall } from "../../../src/firewall/nftables/engine.ts";
import { settleToolGroup } from "../../../src/os/tool_group.ts";
import type { Child, Namespace } from "../lab.ts";

/** An engine that runs in a machine of the laboratory. */
export class Engine {
  readonly #child: Child;
  #asked = 0;

  private constructor(child: Child) {
    this.#child = child;
  }

  /** @param capacity how many bans one of its sets holds */
  static start(machine: Namespace, capacity?: number): Engine {
    const script = fromFileUrl(import.meta.url);
    const args = [
      "run",
      "--no-prompt",
      "-A",
      script,
      ...capacity === undefined ? [] : [`${capacity}`],
    ];
    return new Engine(machine.spawn(Deno.execPath(), args, { stdin: "piped" }));
  }

  /** Calls one of its methods; sets come back as lists. @throws Error with what the engine threw */
  // deno-lint-ignore no-explicit-any
  async call(method: keyof NftablesFirewall, ...args: unknown[]): Promise<any> {
    const id = ++this.#asked;
    await this.#child.write(JSON.stringify({ id, method, args }) + "\n");
    const line = await this.#child.waitForLine((text) => text.startsWith(`{"id":${id},`));
    const { error, result } = JSON.parse(line);
    if (error !== undefined) throw new Error(error);
    return result;
  }

  /** Ends it, as a program ends that has nothing more to do. */
  async end(): Promise<void> {
    await this.#child.finished();
  }

  /** Ends it in the midst of whatever it does. */
  async kill(): Promise<void> {
    await this.#child.stop("SIGKILL");
  }
}

if (import.meta.main) {
  const [capacity] = Deno.args;
  await settleToolGroup();
  await using engine = new NftablesFirewall(
    capacity === undefined ? {} : { capacity: Number(capacity) },
  );
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const { id, method, args } = JSON.parse(line);
      const say = (answer: object): void => {
        const list = (_: string, value: unknown): unknown =>
          value instanceof Set ? [...value] : value;
        Deno.stdout.writeSync(
          new TextEncoder().encode(JSON.stringify({ id, ...answer }, list) + "\n"),
        );
      };
      try {
        // deno-lint-ignore no-explicit-any
        say({ result: await (engine as any)[method](...args) ?? null });
      } catch (error) {
        say({ error: String(error) });
      }
    }
  }
}

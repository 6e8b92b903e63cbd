import { Failure } from "./errors.ts";
import { linesOf } from "./lines.ts";
import { feed, spawn } from "./child.ts";
import { failureOf } from "./tool_failure.ts";

/** A program that runs on one of the machines. */
export interface Running {
  /** Its exit code, once it has ended and said all it had to say. */
  readonly ended: Promise<number>;
  /** Ends it without asking, and whatever else it left on its machine stays until the network goes. */
  abandon(): void;
}

/** Told of each line that a program says, on stdout or stderr. */
export type OnLine = (line: string) => void;

/** Where the machines keep their files: in memory, and gone with them. */
const FOLDER = "/run/demo";

/** What this machine's own c3po keeps; the machines have none of it. */
const HIDDEN = ["/etc/c3po", "/var/lib/c3po"];

const READY = "ready\n";

/**
 * Machines that exist for this process alone: network namespaces, in a namespace of processes and one
 * of mounts of their own. Nothing outside sees them, and what they write to `/run` lies in memory.
 *
 * Its first process does nothing but wait for the end of a pipe from us. However we end, the pipe
 * closes; with the first process the kernel ends every other one in there, and with the last of
 * those the namespaces, their interfaces, rules and files are gone. There is nothing to clean up.
 */
export class PrivateNetwork implements AsyncDisposable {
  readonly #anchor: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #variables: readonly string[];

  private constructor(anchor: Deno.ChildProcess, variables: readonly string[]) {
    this.#anchor = anchor;
    this.#writer = anchor.stdin.getWriter();
    this.#variables = variables;
  }

  /**
   * @param machines their names
   * @param variables `NAME=VALUE` for everything that runs there
   * @throws {Failure} if the kernel does not allow it
   */
  static async create(
    machines: readonly string[],
    variables: readonly string[],
  ): Promise<PrivateNetwork> {
    const own = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
    const network = new PrivateNetwork(
      spawn("unshare", [...own, "cat"], { detached: false }),
      variables,
    );
    try {
      await network.#settle(machines);
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
    return network;
  }

  /** The address of a machine, by its place in the list. */
  static addressOf(place: number): string {
    return `10.77.${place}.1`;
  }

  /** Starts a program on a machine; null is the place between them. */
  start(machine: string | null, command: readonly string[], onLine: OnLine): Running {
    const child = spawn(
      "nsenter",
      this.#inside(machine, ["-C", FOLDER, ...this.#variables], command),
      { stdin: "null", detached: false },
    );
    const said = Promise.all(
      [child.stdout, child.stderr].map((stream) => eachLine(stream, onLine)),
    );
    return {
      ended: said.then(async () => (await child.status).code),
      abandon: () => {
        try {
          child.kill("SIGKILL");
        } catch {
          // It has ended by itself.
        }
      },
    };
  }

  /**
   * Runs a program that must succeed.
   *
   * @returns what it said
   * @throws {Failure} if it fails
   */
  async must(machine: string | null, command: readonly string[], stdin?: string): Promise<string> {
    const variables = ["-C", machine === null ? "/" : FOLDER, ...this.#variables];
    const child = spawn("nsenter", this.#inside(machine, variables, command));
    const [output] = await Promise.all([child.output(), feed(child.stdin, stdin ?? "")]);
    const text = new TextDecoder();
    if (output.code !== 0) throw failureOf(command, output.code, text.decode(output.stderr));
    return text.decode(output.stdout);
  }

  /** Ends everything there. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {}); // it has ended already
    await this.#anchor.status;
    await this.#anchor.stdout.cancel().catch(() => {});
    await this.#anchor.stderr.cancel().catch(() => {});
  }

  async #settle(machines: readonly string[]): Promise<void> {
    // An echo comes back only from where the namespaces are made.
    await this.#writer.write(new TextEncoder().encode(READY)).catch(() => {});
    const reader = this.#anchor.stdout.getReader();
    const { done } = await reader.read();
    reader.releaseLock();
    if (done) {
      const why = (await new Response(this.#anchor.stderr).text()).trim().split("\n")[0];
      throw new Failure(`cannot create private namespaces: ${why}`, {
        hint: "run it as root; a container needs permission to create namespaces",
      });
    }
    await this.must(null, ["mount", "-t", "tmpfs", "tmpfs", "/run"]);
    await this.must(null, ["mkdir", "-p", FOLDER, "/run/sshd"]);
    for (const folder of HIDDEN) await this.#hide(folder);
    const lines = machines.flatMap((name, place) => [
      `netns add ${name}`,
      `link add port${place} type veth peer name eth0 netns ${name}`,
      `link set port${place} master br0 up`,
    ]);
    const bridge = ["link add br0 type bridge", "link set br0 up"];
    if (await this.must(null, ["ip", "-V"]).then(() => false, () => true)) {
      throw new Failure("ip is not installed, and the demo needs it for its network", {
        hint:
          "install iproute2 with the system's package manager, for example: apt-get install iproute2",
      });
    }
    await this.must(null, ["ip", "-batch", "-"], [...bridge, ...lines, ""].join("\n"));
    for (const [place, name] of machines.entries()) {
      const own = [
        "link set lo up",
        "link set eth0 up",
        `address add ${PrivateNetwork.addressOf(place)}/16 dev eth0`,
        "",
      ];
      await this.must(null, ["ip", "-n", name, "-batch", "-"], own.join("\n"));
    }
  }

  /** Covers a folder, where there is one, with an empty one in memory. */
  async #hide(folder: string): Promise<void> {
    const isThere = await this.must(null, ["test", "-d", folder]).then(() => true, () => false);
    if (isThere) await this.must(null, ["mount", "-t", "tmpfs", "-o", "mode=700", "tmpfs", folder]);
  }

  #inside(machine: string | null, env: readonly string[], command: readonly string[]): string[] {
    const { pid } = this.#anchor;
    return [
      ...["--target", String(pid), "--mount", "--net", `--pid=/proc/${pid}/ns/pid_for_children`],
      ...machine === null ? [] : ["ip", "netns", "exec", machine],
      ...["env", ...env, ...command],
    ];
  }
}

async function eachLine(stream: ReadableStream<Uint8Array>, onLine: OnLine): Promise<void> {
  for await (const lines of linesOf(stream)) for (const line of lines) onLine(line);
}

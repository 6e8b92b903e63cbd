import { join } from "@std/path";
import { c3poCommand, denoDirectory } from "./c3po.ts";
import type { Namespace } from "./namespace.ts";
import type { Child, RunResult } from "./process.ts";
import { probe } from "./reach.ts";
import { waitFor } from "./wait.ts";

/** The name of the interface, on every machine. */
const NAME = "wg0";

/**
 * A WireGuard interface of a machine: the implementation that runs outside the kernel, which is there where
 * the kernel has no module, and speaks to `wg` as the module does.
 */
export class WireGuard {
  private constructor(
    readonly machine: Namespace,
    /** Whose mounts show where it is configured. */
    readonly pid: string,
    readonly publicKey: string,
    /** Its address inside the tunnel. */
    readonly address: string,
  ) {}

  /** Brings an interface up. @param port where it listens; one that it picks unless given */
  static async start(machine: Namespace, address: string, port = 0): Promise<WireGuard> {
    const script = `mount -t tmpfs tmpfs /run && echo $$ && exec wireguard-go -f ${NAME}`;
    const child = machine.spawn("sh", ["-c", script], { env: { LOG_LEVEL: "error" } });
    const pid = await child.waitForLine(/^\d+$/);
    const privateKey = await machine.must("wg", ["genkey"]);
    const publicKey = (await machine.must("wg", ["pubkey"], { stdin: privateKey })).trim();
    const file = join(machine.directory, "wireguard.key");
    await Deno.writeTextFile(file, privateKey, { mode: 0o600 });
    const wireguard = new WireGuard(machine, pid, publicKey, address);
    const set = ["set", NAME, "private-key", file, ...port === 0 ? [] : ["listen-port", `${port}`]];
    await waitFor(async () => (await wireguard.#run("wg", set)).code === 0, { what: "interface" });
    await machine.must("ip", ["address", "add", `${address}/24`, "dev", NAME]);
    await machine.must("ip", ["link", "set", NAME, "up"]);
    return wireguard;
  }

  /** Tells it of another one, and where that is. */
  async addPeer(peer: WireGuard, endpoint?: string): Promise<void> {
    const place = endpoint === undefined ? [] : ["endpoint", endpoint];
    const allowed = ["allowed-ips", `${peer.address}/32`];
    await this.wg("set", NAME, "peer", peer.publicKey, ...allowed, ...place);
  }

  /** Runs `wg`, which has to succeed. */
  async wg(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#run("wg", args);
    if (code !== 0) throw new Error(`wg ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  /** The endpoint of its only peer. */
  async endpoint(): Promise<string> {
    return (await this.wg("show", NAME, "endpoints")).trim().split("\t")[1]!;
  }

  /** Runs `c3po wg` as root of that machine. */
  async c3po(...args: string[]): Promise<RunResult> {
    const [command, ...first] = c3poCommand();
    return await this.#run(command, [...first, "wg", NAME, ...args]);
  }

  /** The same, for as long as it runs. */
  spawnC3po(...args: string[]): Child {
    const words = [...this.#inside(), ...c3poCommand(), "wg", NAME, ...args];
    return this.machine.spawn("nsenter", words, { env: this.#env });
  }

  /** Whether a peer answers through the tunnel: it refuses what no one listens for. */
  async answers(peer: WireGuard): Promise<boolean> {
    return await probe(this.machine, peer.address, 9) === "refused";
  }

  /** Waits until a peer answers through the tunnel. */
  async reaches(peer: WireGuard): Promise<void> {
    await waitFor(() => this.answers(peer), {
      what: `answer of ${peer.machine.name} through the tunnel`,
    });
  }

  #inside(): string[] {
    return ["--target", this.pid, "--mount", "--"];
  }

  get #env(): Record<string, string> {
    return { HOME: this.machine.home, DENO_DIR: denoDirectory() };
  }

  #run(command: string, args: string[]): Promise<RunResult> {
    return this.machine.run("nsenter", [...this.#inside(), command, ...args], { env: this.#env });
  }
}

import { join } from "@std/path";
import { labDirectory, newLabName, REAPER, sweepStale } from "./names.ts";
import { Namespace } from "./namespace.ts";
import { Child, must } from "./process.ts";

let swept: Promise<unknown> | undefined;

/**
 * A private network for one test: a `server` and its peers, each a network namespace of its own, on the
 * bridge of a further namespace. The machine's own namespace gets no interface, address, route or rule.
 *
 * The server is 10.77.0.1 and fd77::1, its n-th peer 10.77.n.1 and fd77:0:0:n::1, so each has an IPv6
 * /64 of its own; 10.77.0.0/16 and fd77::/16 are reachable without a router.
 *
 * ```ts ignore
 * await using lab = await Lab.create();
 * await lab.user.must("ssh", [...await sshArgs(await startSshd(lab.server)), lab.server.address4, "true"]);
 * ```
 */
export class Lab implements AsyncDisposable {
  readonly #machines: Namespace[] = [];
  readonly #reaper: Child;

  private constructor(readonly name: string, readonly directory: string) {
    this.#reaper = new Child(REAPER, [name, directory], { stdin: "piped" });
  }

  /** Builds the network with the server and the named peers. */
  static async create({ peers = ["user", "attacker"] }: { peers?: string[] } = {}): Promise<Lab> {
    await (swept ??= sweepStale());
    const name = newLabName();
    const lab = new Lab(name, labDirectory(name)); // from here on the reaper cleans up, whatever happens
    try {
      await lab.#build(peers);
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
    return lab;
  }

  async #build(peers: string[]): Promise<void> {
    await Deno.mkdir(this.directory, { mode: 0o700 });
    const bridge = this.#netns("switch");
    await must("ip", ["netns", "add", bridge]);
    await must("ip", [
      "netns",
      "exec",
      bridge,
      "sysctl",
      "-qw",
      "net.ipv6.conf.default.disable_ipv6=1",
    ]);
    await ip(bridge, ["link add br0 type bridge mcast_snooping 0", "link set br0 up"]);
    for (const peer of ["server", ...peers]) await this.addPeer(peer);
  }

  get server(): Namespace {
    return this.peer("server");
  }

  get user(): Namespace {
    return this.peer("user");
  }

  get attacker(): Namespace {
    return this.peer("attacker");
  }

  peer(name: string): Namespace {
    const found = this.#machines.find((machine) => machine.name === name);
    if (!found) throw new Error(`no machine ${name} in this laboratory`);
    return found;
  }

  /** Adds a machine to the network. */
  async addPeer(name: string): Promise<Namespace> {
    const number = this.#machines.length;
    const netns = this.#netns(name);
    const address4 = `10.77.${number}.1`;
    const address6 = number ? `fd77:0:0:${number.toString(16)}::1` : "fd77::1";
    const peer = new Namespace(name, netns, address4, address6, join(this.directory, name));
    for (const folder of [peer.directory, peer.stateDirectory, peer.runtimeDirectory, peer.home]) {
      await Deno.mkdir(folder);
    }
    await must("ip", ["netns", "add", netns]);
    const settings = ["conf.all.accept_dad=0", "conf.default.accept_dad=0", "ip_nonlocal_bind=1"];
    await peer.must("sysctl", ["-qw", ...settings.map((setting) => `net.ipv6.${setting}`)]);
    await ip(this.#netns("switch"), [
      `link add port${number} type veth peer name eth0 netns ${netns}`,
      `link set port${number} master br0 up`,
    ]);
    await ip(netns, [
      "link set lo up",
      "link set eth0 up",
      `address add ${address4}/16 dev eth0`,
      `address add ${address6}/64 dev eth0 nodad`,
      "route add fd77::/16 dev eth0",
    ]);
    this.#machines.push(peer);
    return peer;
  }

  /**
   * Makes a whole range (`10.78.0.0/16`, `fd78::/48`) local to `peer` and routes it there from the server, so
   * that any of its addresses can be a connection's source.
   */
  async addRange(peer: Namespace, range: string): Promise<void> {
    await ip(peer.netns, [`route add local ${range} dev lo`]);
    const via = range.includes(":") ? peer.address6 : peer.address4;
    await ip(this.server.netns, [`route add ${range} via ${via}`]);
  }

  /** Ends everything that runs in it, and removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { success } = await this.#reaper.finished();
    await Promise.all(this.#machines.map((machine) => machine.finished()));
    if (!success) throw new Error(`${this.name} is not all removed: ${this.#reaper.text()}`);
  }

  #netns(name: string): string {
    return `${this.name}-${name}`;
  }
}

/** Several `ip` commands in one namespace; the first failure ends it. */
async function ip(netns: string, commands: string[]): Promise<void> {
  await must("ip", ["-n", netns, "-batch", "-"], { stdin: commands.join("\n") + "\n" });
}

import { delay } from "@std/async/delay";
import { fromFileUrl } from "@std/path";
import type { EngineName } from "../../../src/firewall/firewall.ts";
import { FAMILIES, type Family } from "../../../src/os/address.ts";
import { forgeSyn, Lab, must, type Namespace, snapshot } from "../../kernel/lab.ts";
import { OtherIptables, OtherNft, type OtherTool } from "./other_tools.ts";
import { errorOf, RemoteFirewall } from "./remote_firewall.ts";
import type { Outcome, SocketRequest } from "./sockets.ts";
import { Wire } from "./wire.ts";
import {
  type Answer,
  type Datagram,
  DATAGRAM_PORT,
  type DatagramAnswer,
  SERVICES,
  type Session,
  SSH_PORT,
  type World,
} from "./world.ts";

/**
 * For how long no answer is silence, in milliseconds. A SYN is sent again after a second, and may then
 * meet another window than the first did.
 */
const SILENCE_MS = 900;
/** Long enough for a SYN that is sent again. */
const RESUMED_MS = 2500;
/** Long enough for a SYN to leave. */
const FORGED_MS = 150;

/** For how long a datagram without an answer is unheard, in milliseconds: nothing is sent again. */
const UNHEARD_MS = 700;

const FILES = { agent: path("./agent.ts"), sockets: path("./sockets.ts") };

/** The world of an engine of the real kernel, in network namespaces. */
export class KernelWorld implements World {
  /** The kernel's coarse clock is a tick behind, of at most 10 ms. */
  readonly lag = 0.02;
  readonly #lab: Lab;
  readonly #engine: EngineName;
  /** What listens and connects in the server, and where all strangers live. */
  readonly #inside: Wire;
  readonly #crowd: Wire;
  readonly #others: OtherTool;
  readonly #forged = new Map<string, number>();
  /** A machine that the server routes to, and the ports it listens on. */
  #behind: Wire | null = null;
  readonly #served = new Set<number>();
  #agent!: Wire;
  #firewall!: RemoteFirewall;
  #strangers = 0;
  #sourcePort = 20_000;

  private constructor(lab: Lab, engine: EngineName) {
    this.#lab = lab;
    this.#engine = engine;
    const Other = engine === "nftables" ? OtherNft : OtherIptables;
    this.#others = new Other(lab.server);
    this.#inside = sockets(lab.server);
    this.#crowd = sockets(this.#peer);
    this.#begin();
  }

  static async create(engine: EngineName): Promise<KernelWorld> {
    const world = new KernelWorld(await Lab.create({ peers: ["crowd", "behind"] }), engine);
    try {
      await world.#build();
      return world;
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
  }

  get firewall(): RemoteFirewall {
    return this.#firewall;
  }

  seconds(): number {
    return Date.now() / 1000;
  }

  async until(seconds: number): Promise<void> {
    for (let left; (left = seconds - this.seconds()) > 0;) await delay(left * 1000);
  }

  stranger(family: Family): string {
    const number = ++this.#strangers;
    return family === 4
      ? `10.78.${number >> 8}.${number & 255}`
      : `fd78:0:0:${number.toString(16)}::1`;
  }

  server(family: Family): string {
    return family === 4 ? this.#lab.server.address4 : this.#lab.server.address6;
  }

  async connect(source: string, port: number, to?: string): Promise<Answer> {
    return (await this.#reach(source, port, { to })).answer as Answer;
  }

  async forge(source: string, port: number, to?: string): Promise<void> {
    if (FAMILIES.some((family) => source === this.server(family))) {
      return await forgeSyn(this.#peer, source, source, port);
    }
    const sourcePort = this.#sourcePort++;
    this.#forged.set(`${source} ${port}`, sourcePort);
    await this.#deafen("add", source, sourcePort);
    await this.#reach(source, port, { sourcePort, timeoutMs: FORGED_MS, to });
  }

  async resume(source: string, port: number, to?: string): Promise<Answer> {
    const sourcePort = this.#forged.get(`${source} ${port}`)!;
    await this.#deafen("delete", source, sourcePort);
    const options = { sourcePort, timeoutMs: RESUMED_MS, to };
    return (await this.#reach(source, port, options)).answer as Answer;
  }

  async sendAck(source: string, port: number): Promise<"refused" | "silence"> {
    const family = familyOf(source);
    const xml = await this.#peer.must("nmap", [
      ...(family === 6 ? ["-6"] : []),
      ...["-n", "-Pn", "-sA", "-T4", "--max-retries", "1", "--disable-arp-ping", "-oX", "-"],
      ...["-S", source, "-e", "eth0", "-p", String(port), this.server(family)],
    ]);
    const [, state] = /<state state="(\w+)"/.exec(xml) ?? [];
    return state === "unfiltered" ? "refused" : "silence";
  }

  async connectInside(port: number, family: Family): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (const address of [family === 4 ? "127.0.0.1" : "::1", this.server(family)]) {
      const { answer } = await ask(this.#inside, { port, address, timeoutMs: SILENCE_MS });
      answers.push(answer as Answer);
    }
    return answers;
  }

  async connectThrough(source: string, port: number): Promise<Answer> {
    this.#behind ??= await this.#route();
    if (!this.#served.has(port)) {
      this.#served.add(port);
      await this.#behind.ask({ do: "listen", port, banner: "listener" });
    }
    const address = familyOf(source) === 4 ? `10.79.0.1` : `fd79::1`;
    const { answer } = await ask(this.#crowd, { address, port, source, timeoutMs: SILENCE_MS });
    return answer as Answer;
  }

  async send(source: string, port: number, datagram: Datagram): Promise<DatagramAnswer> {
    const { sourcePort, isAnswered = true, to: address = this.server(familyOf(source)) } = datagram;
    const request = { address, port, source, sourcePort, isAnswered, timeoutMs: UNHEARD_MS };
    return await this.#crowd.ask({ do: "send", ...request }) as DatagramAnswer;
  }

  async openSession(source: string, port: number): Promise<Session> {
    const { session } = await this.#reach(source, port, { keep: true });
    return {
      isAlive: async () =>
        session !== null && await this.#crowd.ask({ do: "echo", session }) === true,
    };
  }

  async listen(port: number): Promise<void> {
    await this.#inside.ask({ do: "listen", port, banner: "listener" });
  }

  async receive(port: number): Promise<void> {
    await this.#inside.ask({ do: "receive", port, banner: "listener" });
  }

  async die(): Promise<void> {
    await this.#agent.kill();
    this.#begin();
  }

  async flush(): Promise<void> {
    await this.#others.flush();
  }

  async deny(source: string): Promise<void> {
    await this.#others.deny(source, SSH_PORT);
  }

  async denyByDefault(): Promise<void> {
    await this.#others.denyByDefault();
  }

  async route(network: string): Promise<void> {
    const via = ["via", this.#lab.server.address6];
    await this.#peer.must("ip", ["-6", "route", "add", network, ...via]);
  }

  async unroute(network: string): Promise<void> {
    await this.#lab.server.must("ip", ["-6", "route", "del", "local", network, "dev", "lo"]);
  }

  async ping(to: string): Promise<boolean> {
    const args = ["-6", "-n", "-sn", "-PE", "-T4", "--disable-arp-ping", to];
    return (await this.#peer.must("nmap", args)).includes("Host is up");
  }

  async forward(port: number, to: number): Promise<void> {
    await this.#others.forward(port, to);
  }

  async listing(): Promise<string> {
    const { server } = this.#lab;
    const tables = (await server.must("nft", ["list", "tables"])).split("\n")
      .filter((line) => line !== "" && !/^table ip6? (filter|nat|raw|mangle|security)$/.test(line));
    const native: string[] = [];
    for (const table of tables) {
      native.push(await server.must("nft", ["-s", "list", ...table.split(" ")]));
    }
    const routes = await server.must("ip", ["-6", "route", "show", "table", "local"]);
    return await snapshot(server) + native.join("") + routes.match(/^local \S+\/\d+ .*$/gm);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#firewall[Symbol.asyncDispose]();
    for (const wire of [this.#inside, this.#crowd, this.#behind]) {
      await wire?.[Symbol.asyncDispose]();
    }
    await this.#lab[Symbol.asyncDispose]();
  }

  get #peer(): Namespace {
    return this.#lab.peer("crowd");
  }

  /** Starts the process of an engine. */
  #begin(): void {
    const command = [...deno(FILES.agent), this.#engine];
    const told = (line: Record<string, unknown>): void => this.#firewall.told(line);
    this.#agent = new Wire(this.#lab.server.netns, command, told, errorOf);
    this.#firewall = new RemoteFirewall(this.#engine, this.#agent);
  }

  async #build(): Promise<void> {
    const crowd = this.#peer;
    await this.#lab.addRange(crowd, "10.78.0.0/16");
    await this.#lab.addRange(crowd, "fd78::/48");
    await crowd.must("nft", ["-f", "-"], {
      stdin: `table inet deaf {
        set four { type ipv4_addr . inet_service; }
        set six { type ipv6_addr . inet_service; }
        chain input { type filter hook input priority 0;
          ip daddr . tcp dport @four drop
          ip6 daddr . tcp dport @six drop
        }
      }\n`,
    });
    for (const [port, banner] of SERVICES) await this.#inside.ask({ do: "listen", port, banner });
    await this.#inside.ask({ do: "receive", port: DATAGRAM_PORT, banner: "service wg" });
  }

  /** Has the server route between the strangers and a machine behind it. */
  async #route(): Promise<Wire> {
    const { server } = this.#lab;
    const behind = this.#lab.peer("behind");
    const settings: Record<string, string[]> = {
      [server.netns]: ["ipv4.ip_forward=1", "ipv4.conf.all.send_redirects=0"]
        .concat("ipv4.conf.eth0.send_redirects=0", "ipv6.conf.all.forwarding=1"),
      [this.#peer.netns]: ["ipv6.conf.eth0.accept_redirects=0"],
      [behind.netns]: ["ipv6.conf.eth0.accept_redirects=0"],
    };
    for (const [netns, names] of Object.entries(settings)) {
      const args = names.map((each) => `net.${each}`);
      await must("ip", ["netns", "exec", netns, "sysctl", "-qw", ...args]);
    }
    await this.#lab.addRange(behind, "10.79.0.0/16");
    await this.#lab.addRange(behind, "fd79::/48");
    for (const [machine, four, six] of [[this.#peer, 79, 79], [behind, 78, 78]] as const) {
      await machine.must("ip", ["route", "add", `10.${four}.0.0/16`, "via", server.address4]);
      await machine.must("ip", ["-6", "route", "add", `fd${six}::/48`, "via", server.address6]);
    }
    return sockets(behind);
  }

  async #reach(
    source: string,
    port: number,
    options: {
      readonly sourcePort?: number;
      readonly timeoutMs?: number;
      readonly keep?: boolean;
      readonly to?: string | undefined;
    } = {},
  ): Promise<Outcome> {
    const { to: address = this.server(familyOf(source)), ...rest } = options;
    return await ask(this.#crowd, { address, port, source, timeoutMs: SILENCE_MS, ...rest });
  }

  /** Has a port of the strangers hear nothing, or hear again. */
  async #deafen(what: "add" | "delete", source: string, port: number): Promise<void> {
    const set = familyOf(source) === 4 ? "four" : "six";
    const element = `{ ${source} . ${port} }`;
    await this.#peer.must("nft", [what, "element", "inet", "deaf", set, element]);
  }
}

async function ask(
  wire: Wire,
  request: Omit<Extract<SocketRequest, { do: "connect" }>, "do">,
): Promise<Outcome> {
  return await wire.ask({ do: "connect", ...request }) as Outcome;
}

function sockets(machine: Namespace): Wire {
  return new Wire(machine.netns, deno(FILES.sockets));
}

function deno(file: string): string[] {
  return [Deno.execPath(), "run", "--no-prompt", "-A", file];
}

function familyOf(address: string): Family {
  return address.includes(":") ? 6 : 4;
}

function path(file: string): string {
  return fromFileUrl(new URL(file, import.meta.url));
}

import type { Namespace } from "../../kernel/lab.ts";

/** What others do to the rules of a server: with the same tool as the engine, as is usual. */
export interface OtherTool {
  /** Removes every rule there is. */
  flush(): Promise<void>;
  /** Shuts an address out from a port. */
  deny(source: string, port: number): Promise<void>;
  /** Denies whatever no rule before it has let in. */
  denyByDefault(): Promise<void>;
  /** Leads from one port to another. */
  forward(port: number, to: number): Promise<void>;
}

const TOOLS = ["iptables", "ip6tables"] as const;

/** Somebody with iptables. */
export class OtherIptables implements OtherTool {
  readonly #server: Namespace;

  constructor(server: Namespace) {
    this.#server = server;
  }

  async flush(): Promise<void> {
    for (const tool of TOOLS) {
      for (const table of ["raw", "mangle", "nat", "filter"]) {
        for (const how of ["-F", "-X"]) await this.#run(tool, ["-t", table, how]);
      }
    }
  }

  async deny(source: string, port: number): Promise<void> {
    const tool = source.includes(":") ? "ip6tables" : "iptables";
    const packets = ["-s", source, "-p", "tcp", "--dport", String(port)];
    await this.#run(tool, ["-A", "INPUT", ...packets, "-j", "DROP"]);
  }

  async denyByDefault(): Promise<void> {
    for (const tool of TOOLS) {
      const accepted = [
        ["-i", "lo"],
        ["-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED"],
        ["-p", tool === "iptables" ? "icmp" : "ipv6-icmp"],
      ];
      for (const packets of accepted) {
        await this.#run(tool, ["-A", "INPUT", ...packets, "-j", "ACCEPT"]);
      }
      await this.#run(tool, ["-P", "INPUT", "DROP"]);
    }
  }

  async forward(port: number, to: number): Promise<void> {
    const packets = ["-p", "tcp", "--dport", String(port)];
    const target = ["-j", "REDIRECT", "--to-ports", String(to)];
    for (const tool of TOOLS) {
      await this.#run(tool, ["-t", "nat", "-A", "PREROUTING", ...packets, ...target]);
    }
  }

  async #run(tool: string, args: string[]): Promise<void> {
    await this.#server.must(tool, ["-w", ...args]);
  }
}

/** Somebody with nft, in tables of their own. */
export class OtherNft implements OtherTool {
  readonly #server: Namespace;

  constructor(server: Namespace) {
    this.#server = server;
  }

  async flush(): Promise<void> {
    await this.#server.must("nft", ["flush", "ruleset"]);
  }

  async deny(source: string, port: number): Promise<void> {
    const from = source.includes(":") ? "ip6" : "ip";
    await this.#load(`table inet denied { chain input {
      type filter hook input priority 0;
      ${from} saddr ${source} tcp dport ${port} drop
    }; }`);
  }

  async denyByDefault(): Promise<void> {
    await this.#load(`table inet filter { chain input {
      type filter hook input priority 0; policy drop;
      iif lo accept
      ct state established,related accept
      meta l4proto { icmp, ipv6-icmp } accept
    }; }`);
  }

  async forward(port: number, to: number): Promise<void> {
    await this.#load(`table inet forwards { chain prerouting {
      type nat hook prerouting priority dstnat;
      tcp dport ${port} redirect to :${to}
    }; }`);
  }

  async #load(text: string): Promise<void> {
    await this.#server.must("nft", ["-f", "-"], { stdin: `${text}\n` });
  }
}

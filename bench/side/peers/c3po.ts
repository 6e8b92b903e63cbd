import type { EngineName } from "../../../src/firewall/firewall.ts";
import { startC3po } from "../harness/c3po.ts";
import type { Peer } from "./peer.ts";

/** C3PO as it comes, where there are iptables and ipset. */
export const c3po: Peer = c3poWith("iptables", "C3PO", ["iptables", "ipset"]);

export const c3poNftables: Peer = c3poWith("nftables", "C3PO with nftables", ["nftables"]);

function c3poWith(engine: EngineName, name: string, packages: readonly string[]): Peer {
  return {
    name,
    setting: `${engine}; as it comes: 15 traps, a ban at the first SYN`,
    packages,
    async start(server) {
      const serve = await startC3po(server, ["--firewall", engine]);
      return {
        pid: serve.child.pid,
        sshPort: async () => (await serve.ports()).ssh,
        offence: { kind: "syn", port: async () => (await serve.ports()).traps[0]! },
      };
    },
  };
}

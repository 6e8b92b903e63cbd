import { startC3po } from "../harness/c3po.ts";
import type { Peer } from "./peer.ts";

/** C3PO as it comes. */
export const c3po: Peer = {
  name: "C3PO",
  setting: "as it comes: 15 traps, a ban at the first SYN",
  packages: ["iptables", "ipset"],
  async start(server) {
    const serve = await startC3po(server);
    return {
      pid: serve.child.pid,
      sshPort: async () => (await serve.ports()).ssh,
      offence: { kind: "syn", port: async () => (await serve.ports()).traps[0]! },
    };
  },
};

import { join } from "@std/path";
import { waitFor } from "../../../tests/kernel/lab.ts";
import { hideSsh, type Peer } from "./peer.ts";

/** The sequence of knockd's manual. */
export const SEQUENCE = ["7000", "8000", "9000"];

/** Port knocking. */
export const knockd: Peer = {
  name: "knockd",
  setting: "port 22 dropped, three knocks let an address in",
  packages: ["knockd", "iptables"],
  async start(server) {
    await hideSsh(server);
    const file = join(server.directory, "knockd.conf");
    const rule = "INPUT -s %IP% -p tcp --dport 22 -j ACCEPT";
    const lines = [
      "[options]",
      `  logfile = ${join(server.directory, "knockd.log")}`,
      "[ssh]",
      `  sequence = ${SEQUENCE.join(",")}`,
      "  seq_timeout = 5",
      "  tcpflags = syn",
      `  command = /usr/sbin/iptables -I ${rule}`,
    ];
    await Deno.writeTextFile(file, lines.join("\n") + "\n");
    const pid = join(server.directory, "knockd.pid");
    const child = server.spawn("knockd", ["-i", "eth0", "-c", file, "-p", pid]);
    // Nothing tells that it listens but the kernel's table of such sockets.
    await waitFor(
      async () => (await server.must("cat", ["/proc/net/packet"])).trim().includes("\n"),
      {
        deadlineMs: 10_000,
        everyMs: 2,
        what: `socket of knockd: ${child.text()}`,
      },
    );
    return { pid: child.pid, sshPort: () => Promise.resolve(22), offence: { kind: "none" } };
  },
};

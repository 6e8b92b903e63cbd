import { join } from "@std/path";
import { waitFor } from "../../../tests/kernel/lab.ts";
import { type Peer, processNamed, withFile } from "./peer.ts";

const CONFIG = "/etc/portsentry/portsentry.conf";
/** One of the ports its configuration watches. */
const PORT = 1524;

/** Bans whoever touches a port nobody uses, by a rule that it runs a shell for. */
export const portsentry: Peer = {
  name: "portsentry",
  setting: "-stcp, Debian's ports, blocking switched on, with an iptables rule",
  packages: ["portsentry", "iptables"],
  async start(server) {
    const file = join(server.directory, "portsentry.conf");
    const state = (name: string): string => join(server.directory, `portsentry.${name}`);
    await Deno.writeTextFile(state("ignore"), "");
    const text = (await Deno.readTextFile(CONFIG))
      .replace(/^BLOCK_TCP=.*$/m, 'BLOCK_TCP="1"')
      .replace(/^KILL_ROUTE=.*$/m, 'KILL_ROUTE="/usr/sbin/iptables -I INPUT -s $TARGET$ -j DROP"')
      .replace(/^KILL_HOSTS_DENY=.*$/m, "")
      .replace(/^IGNORE_FILE=.*$/m, `IGNORE_FILE="${state("ignore")}"`)
      .replace(/^HISTORY_FILE=.*$/m, `HISTORY_FILE="${state("history")}"`)
      .replace(/^BLOCKED_FILE=.*$/m, `BLOCKED_FILE="${state("blocked")}"`);
    await Deno.writeTextFile(file, text);
    const child = withFile(server, CONFIG, file, "exec portsentry -stcp");
    await child.status; // what it started goes on in the background
    const pid = await waitFor(() => processNamed(server, "portsentry"), {
      deadlineMs: 10_000,
      everyMs: 2,
      what: `portsentry: ${child.text()}`,
    });
    return {
      pid,
      sshPort: () => Promise.resolve(22),
      offence: { kind: "syn", port: () => Promise.resolve(PORT) },
    };
  },
};

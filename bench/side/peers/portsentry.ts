import { join } from "@std/path";
import { waitFor } from "../../../tests/kernel/lab.ts";
import { type Peer, processNamed, withFile } from "./peer.ts";

const CONFIG = "/etc/portsentry/portsentry.conf";
/** A port that each version watches as it comes. */
const PORTS = { first: 1524, second: 1080 };
const RULE = '"/usr/sbin/iptables -I INPUT -s $TARGET$ -j DROP"';

/** Bans whoever touches a port nobody uses, by a rule that it runs a shell for. */
export const portsentry: Peer = {
  name: "portsentry",
  setting: "stealth mode for TCP, Debian's ports, blocking switched on, with an iptables rule",
  packages: ["portsentry", "iptables"],
  async start(server) {
    const file = join(server.directory, "portsentry.conf");
    const state = (name: string): string => join(server.directory, `portsentry.${name}`);
    await Deno.writeTextFile(state("ignore"), "");
    const shipped = await Deno.readTextFile(CONFIG);
    // Version 2 has no "advanced" mode, blocks nobody as it comes, and stays in the foreground.
    const isFirst = shipped.includes("ADVANCED_PORTS_TCP=");
    const text = shipped
      .replace(/^BLOCK_TCP=.*$/m, "")
      .replace(/^KILL_ROUTE=.*$/m, "")
      .replace(/^KILL_HOSTS_DENY=.*$/m, "")
      .replace(/^IGNORE_FILE=.*$/m, `IGNORE_FILE="${state("ignore")}"`)
      .replace(/^HISTORY_FILE=.*$/m, `HISTORY_FILE="${state("history")}"`)
      .replace(/^BLOCKED_FILE=.*$/m, `BLOCKED_FILE="${state("blocked")}"`);
    await Deno.writeTextFile(file, `${text}\nBLOCK_TCP="1"\nKILL_ROUTE=${RULE}\n`);
    const words = isFirst ? "-stcp" : "--stealth --interface=eth0";
    const child = withFile(server, CONFIG, file, `exec portsentry ${words}`);
    if (isFirst) await child.status; // what it started goes on in the background
    const pid = await waitFor(() => processNamed(server, "portsentry"), {
      deadlineMs: 10_000,
      everyMs: 2,
      what: `portsentry: ${child.text()}`,
    });
    return {
      pid,
      sshPort: () => Promise.resolve(22),
      offence: { kind: "syn", port: () => Promise.resolve(isFirst ? PORTS.first : PORTS.second) },
    };
  },
};

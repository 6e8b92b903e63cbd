import { join } from "@std/path";
import { must } from "../../../tests/kernel/lab.ts";
import type { Peer } from "./peer.ts";

/** Bans by sshd's log. */
export const fail2ban: Peer = {
  name: "fail2ban",
  setting: "Debian's sshd jail: 5 failures in 10 minutes, iptables",
  packages: [
    "fail2ban",
    "iptables",
    "python3-minimal",
    "python3.11-minimal",
    "libpython3.11-stdlib",
  ],
  async start(server, log) {
    const folder = join(server.directory, "fail2ban");
    await must("cp", ["-r", "/etc/fail2ban", folder]);
    const lines = [
      "[DEFAULT]",
      "backend = polling",
      "[sshd]",
      "enabled = true",
      `logpath = ${log}`,
    ];
    await Deno.writeTextFile(join(folder, "jail.d", "zz.local"), lines.join("\n") + "\n");
    const own = (name: string): string => join(server.directory, name);
    await Deno.writeTextFile(
      join(folder, "fail2ban.local"),
      `[Definition]\ndbfile = ${own("fail2ban.db")}\nlogtarget = STDOUT\n`,
    );
    const child = server.spawn("fail2ban-server", [
      ...["-f", "-x", "-c", folder, "-s", own("fail2ban.sock"), "-p", own("fail2ban.pid")],
      "start",
    ]);
    await child.waitForLine(/Jail 'sshd' started/, 30_000);
    return {
      pid: child.pid,
      sshPort: () => Promise.resolve(22),
      offence: { kind: "logins", count: 5 },
    };
  },
};

import { join } from "@std/path";
import { type Child, must, type Namespace } from "../../../tests/kernel/lab.ts";
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
    const child = await startFail2ban(server, {
      "jail.d/zz.local": [
        "[DEFAULT]",
        "backend = polling",
        "[sshd]",
        "enabled = true",
        `logpath = ${log}`,
      ],
    });
    return {
      pid: child.pid,
      sshPort: () => Promise.resolve(22),
      offence: { kind: "logins", count: 5 },
    };
  },
};

/**
 * Starts Debian's fail2ban in a namespace, with a configuration and a state of its own, and waits for its
 * jail of sshd.
 *
 * @param files lines of files that are laid over Debian's configuration
 */
export async function startFail2ban(
  server: Namespace,
  files: Readonly<Record<string, readonly string[]>>,
  env: Record<string, string> = {},
): Promise<Child> {
  const folder = join(server.directory, "fail2ban");
  await must("cp", ["-r", "/etc/fail2ban", folder]);
  const own = (name: string): string => join(server.directory, name);
  const settings = ["[Definition]", `dbfile = ${own("fail2ban.db")}`, "logtarget = STDOUT"];
  for (const [name, lines] of Object.entries({ ...files, "fail2ban.local": settings })) {
    await Deno.writeTextFile(join(folder, name), lines.join("\n") + "\n");
  }
  const child = server.spawn("fail2ban-server", [
    ...["-f", "-x", "-c", folder, "-s", own("fail2ban.sock"), "-p", own("fail2ban.pid")],
    "start",
  ], { env });
  await child.waitForLine(/Jail 'sshd' started/, 30_000);
  return child;
}

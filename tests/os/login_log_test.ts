import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { loginIn, LoginLog } from "../../src/os/login_log.ts";
import { kernelTest, must } from "../kernel/lab.ts";
import { toolFailures } from "../../src/os/tool_failure.ts";

const ACCEPTED = "Accepted publickey for alice from 192.0.2.7 port 50022 ssh2: ED25519 SHA256:x";
const LOGIN = { account: "alice", address: "192.0.2.7", port: 50_022 };

/** What stands before the message where sshd's word goes to a file by way of syslog. */
const PREFIXES = [
  "",
  "Nov  9 04:00:00 host sshd[77]: ",
  "Nov 29 04:00:00 host sshd-session[77]: ",
  "2026-11-29T04:00:00.123456+00:00 host sshd[77]: ",
  "Nov 29 04:00:00 host auth.info sshd[77]: ",
  "Nov 29 04:00:00 sshd[77]: ",
];

Deno.test("a login is read from each form of sshd's log", () => {
  for (const prefix of PREFIXES) assertEquals(loginIn(prefix + ACCEPTED), LOGIN, prefix);
});

Deno.test("a user name that reads like a line of the log is no login", () => {
  const names = [ACCEPTED, `sshd[1]: ${ACCEPTED}`, ...PREFIXES.map((each) => each + ACCEPTED)];
  for (const prefix of PREFIXES) {
    for (const name of names) {
      for (const said of ["Invalid user", "Failed password for invalid user"]) {
        const line = `${prefix}${said} ${name} from 198.51.100.9 port 4711`;
        assertEquals(loginIn(line), null, line);
      }
    }
  }
});

Deno.test("what another program says is no login", () => {
  assertEquals(loginIn(`Nov 29 04:00:00 host su[77]: ${ACCEPTED}`), null);
  assertEquals(loginIn(`Nov 29 04:00:00 host su[77]: sshd[1]: ${ACCEPTED}`), null);
});

Deno.test("a log file that is missing has no logins, and is no failure of a tool", async () => {
  const folder = await Deno.makeTempDir({ prefix: "c3po-login-log-" });
  try {
    const file = join(folder, "auth.log");
    const log = new LoginLog(file);
    const before = toolFailures.get("tail");
    assertEquals(await log.read(0), []);
    assertEquals(toolFailures.get("tail"), before);
    await Deno.writeTextFile(file, "Accepted publickey for alice from 192.0.2.7 port 50022 ssh2\n");
    const login = { account: "alice", address: "192.0.2.7", port: 50022 };
    assertEquals(await log.read(0), [login]);
    assertEquals(await log.read(0), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** The logins that a program finds where journalctl is this script, and `/var/log/auth.log` has one. */
async function loginsWith(journalctl: string): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "c3po-login-log-" });
  try {
    const program = join(folder, "program.ts");
    const source = new URL("../../src/os/login_log.ts", import.meta.url).href;
    await Deno.writeTextFile(
      program,
      `import { LoginLog } from "${source}"; const found = await new LoginLog().read(0);
       console.log(found.map(({ account }) => account).join());`,
    );
    await Deno.writeTextFile(join(folder, "journalctl"), `#!/bin/sh\n${journalctl}\n`, {
      mode: 0o755,
    });
    await Deno.writeTextFile(join(folder, "auth.log"), `${PREFIXES[1]}${ACCEPTED}\n`);
    const script = 'mount --bind "$1/journalctl" "$(command -v journalctl)" && ' +
      'mount -t tmpfs tmpfs /var/log && cp "$1/auth.log" /var/log && shift && exec "$@"';
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const args = [Deno.execPath(), "run", "-A", "--no-prompt", "--config", config, program];
    return await must("unshare", ["-m", "sh", "-c", script, "sh", folder, ...args]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

kernelTest(
  "where there is a journal, a file that any user can write to is not believed",
  async () => {
    const quiet = 'case "$*" in *"-n 1"*) echo Started ;; esac';
    assertEquals(await loginsWith(quiet), "\n");
    assertEquals(await loginsWith(`echo "${ACCEPTED.replace("alice", "bob")}"`), "bob\n");
    for (const none of ["exit 0", "exit 1"]) assertEquals(await loginsWith(none), "alice\n", none);
  },
);

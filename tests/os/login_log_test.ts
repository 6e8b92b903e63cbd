import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { loginIn, LoginLog } from "../../src/os/login_log.ts";
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

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { CHECKOUT, kernelTest, Lab, type Namespace, run, waitFor } from "../kernel/lab.ts";
import { logLines } from "./log_lines.ts";
import { people } from "./people.ts";
import { bannedByHand, c3poFolder } from "./program.ts";

const { once, returning, confirmed } = people(1);

const SHIPPED = join(CHECKOUT, "contrib/fail2ban");
const FILTER = join(SHIPPED, "filter.d/c3po.conf");
/** Debian's configuration, on which the shipped files build. */
const DEBIAN = "/etc/fail2ban";

/** Whom fail2ban's own tester finds in a log. */
async function found(lines: readonly string[], filter = FILTER): Promise<string[]> {
  const log = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(log, lines.map((line) => line + "\n").join(""));
    const { stdout } = await run("fail2ban-regex", ["--usedns=no", "--out=ip", log, filter]);
    return stdout.split("\n").filter((line) => line !== "");
  } finally {
    await Deno.remove(log);
  }
}

/** As fail2ban puts an entry of the journal together, and syslog a line. */
const JOURNAL = "2026-11-29T03:58:01.250000 host c3po[77]: ";
const SYSLOG = "Nov 29 03:58:01 host c3po[77]: ";

for (const format of ["text", "json"] as const) {
  Deno.test(`the filter of fail2ban finds in a log (${format}) whom serve banned, and no other address`, async () => {
    const lines = await logLines(format);
    const banned = [once, ...returning, ...returning, ...returning, confirmed];
    assert(lines.length > banned.length + 5, lines.join("\n"));
    assertEquals(await found(lines), banned);
    for (const head of [JOURNAL, SYSLOG]) {
      assertEquals(await found(lines.map((line) => head + line)), banned, head);
    }
    assertEquals(await found(lines, `${FILTER}[mode=confirmed]`), [confirmed]);
  });
}

/** A configuration of fail2ban as an administrator has it with the shipped files in it. */
async function configured(folder: string, local: string): Promise<string> {
  const config = join(folder, "fail2ban");
  await Deno.mkdir(join(config, "jail.d"), { recursive: true });
  for (const name of ["fail2ban.conf", "jail.conf", "paths-common.conf", "paths-debian.conf"]) {
    await Deno.copyFile(join(DEBIAN, name), join(config, name));
  }
  for (const kind of ["action.d", "filter.d", "jail.d"]) {
    await Deno.mkdir(join(config, kind), { recursive: true });
    if (kind !== "jail.d") await run("cp", ["-r", `${DEBIAN}/${kind}`, config]);
    await Deno.copyFile(join(SHIPPED, kind, "c3po.conf"), join(config, kind, "c3po.conf"));
  }
  // What it bans here is not remembered on this machine.
  await Deno.writeTextFile(join(config, "fail2ban.local"), "[Definition]\ndbfile = None\n");
  await Deno.writeTextFile(join(config, "jail.local"), local);
  return config;
}

kernelTest("fail2ban takes the shipped jail as it is, and shuts all ports with it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "c3po-fail2ban-" });
  try {
    const config = await configured(folder, "");
    const { stdout, stderr } = await run("fail2ban-client", ["-c", config, "-d"]);
    for (
      const said of [
        "['add', 'c3po', 'systemd']",
        "['set', 'c3po', 'maxretry', 3]",
        "['set', 'c3po', 'addjournalmatch', '_SYSTEMD_UNIT=c3po.service']",
        "['start', 'c3po']",
      ]
    ) assertStringIncludes(stdout, said, stderr);
    // Newer versions have one action for all that nft can do. Neither names a port.
    assertMatch(stdout, /\['set', 'c3po', 'addaction', '(iptables-allports|nftables)'\]/);
    assertEquals(/\bdports?\b/.test(stdout), false, stdout);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** A fail2ban of its own in a namespace: its socket, log and records are in the folder there. */
function fail2ban(machine: Namespace, config: string, ...args: string[]): string[] {
  const at = (name: string): string => join(machine.directory, name);
  return ["-c", config, "-s", at("f2b.sock"), "-p", at("f2b.pid"), ...args];
}

kernelTest(
  "whom a jail bans, c3po bans by the shipped action, until the jail lets go",
  async () => {
    await using lab = await Lab.create();
    const { server } = lab;
    const log = join(server.directory, "serve.log");
    await Deno.writeTextFile(log, "");
    const c3po = join(await c3poFolder(server), "c3po");
    const config = await configured(
      server.directory,
      `[c3po]\nbackend = polling\nlogpath = ${log}\nmaxretry = 1\naction = c3po[c3po="${c3po}"]\n`,
    );
    const client = async (...args: string[]) =>
      await server.must("fail2ban-client", fail2ban(server, config, ...args));
    server.spawn(
      "fail2ban-server",
      fail2ban(server, config, "--logtarget", "STDOUT", "-f", "start"),
    );
    await waitFor(
      async () =>
        (await server.run("fail2ban-client", fail2ban(server, config, "ping"))).code === 0,
      { what: "an answer of fail2ban" },
    );
    const [line] = (await logLines("text")).filter((each) => each.includes(returning[1]));
    await Deno.writeTextFile(log, line + "\n", { append: true });
    await waitFor(async () => (await bannedByHand(server)).length > 0, { what: "a ban" });
    assertEquals(await bannedByHand(server), ["2001:db8:1::/64"]);
    await client("set", "c3po", "unbanip", returning[1]);
    await waitFor(async () => (await bannedByHand(server)).length === 0, { what: "no ban" });
  },
);

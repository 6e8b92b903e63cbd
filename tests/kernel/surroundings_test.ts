import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import {
  kernelTest,
  Lab,
  legacyTools,
  login,
  loginNow,
  type ServeOptions,
  serveWith,
  snapshot,
  spawnServeWith,
  startSshd,
} from "./lab.ts";

/** Hides programs of iptables for IPv6, as on a machine that has none. */
const NO_IP6TABLES = [
  "mkdir -p $RUNTIME_DIRECTORY/sbin",
  "mount --bind /usr/sbin $RUNTIME_DIRECTORY/sbin",
  "mount -t tmpfs none /usr/sbin",
  "for f in $RUNTIME_DIRECTORY/sbin/*; do ln -s $f /usr/sbin/; done",
  "rm /usr/sbin/ip6tables*",
].join(" && ");

const SURROUNDINGS: readonly [
  string,
  ServeOptions,
  { says: RegExp; v6: "c3po" | "plain" | "none" },
][] = [
  ["a machine without ip6tables is served over IPv4, and serve says what is not", {
    prepare: NO_IP6TABLES,
  }, { says: /no ip6tables, so only IPv4 is served: over IPv6 sshd answers as ever/, v6: "plain" }],
  ["IPv6 is disabled", {
    prepare: "sysctl -qw net.ipv6.conf.all.disable_ipv6=1",
  }, { says: /no IPv6, so only IPv4 is served/, v6: "none" }],
  ["the state directory is read-only", {
    prepare: "mount -t tmpfs -o ro none $STATE_DIRECTORY",
  }, { says: / started /, v6: "c3po" }],
];

for (const [what, options, { says, v6 }] of SURROUNDINGS) {
  kernelTest(what, async () => {
    await using lab = await Lab.create({ peers: ["user"] });
    const sshd = await startSshd(lab.server);
    const before = await snapshot(lab.server);
    const serve = await serveWith(lab.server, options);
    assertMatch(serve.text(), says);
    const { address4, address6 } = lab.server;
    assert(await loginNow(lab.user, sshd, address4));
    assertEquals(await login(lab.user, sshd, address4, sshd.port, 1), false);
    assertEquals(await loginNow(lab.user, sshd, address6), v6 === "c3po");
    assertEquals(await login(lab.user, sshd, address6, sshd.port, 1), v6 === "plain");
    assertEquals((await serve.stop()).code, 0);
    assertEquals(await snapshot(lab.server), before);
  });
}

kernelTest("a tool that holds the xtables lock is waited for, and that is reported", async () => {
  await using lab = await Lab.create({ peers: ["user"] });
  const sshd = await startSshd(lab.server);
  const before = await snapshot(lab.server);
  const release = join(lab.server.directory, "release");
  // A /run of its own: the lock of the machine is none of a test's business.
  const prepare = [
    "mount -t tmpfs none /run",
    "mkdir -p /run/sshd",
    `{ flock /run/xtables.lock sh -c 'until [ -e ${release} ]; do sleep 0.1; done' & }`,
    "while flock -n /run/xtables.lock true; do :; done",
  ].join(" && ");
  const options = { tools: await legacyTools(lab.server), prepare };
  const serve = await spawnServeWith(lab.server, options);
  await serve.waitForLine(/cannot load the rules of IPv4 yet, trying again .*xtables lock/);
  await Deno.writeTextFile(release, "");
  await serve.waitForLine(/ started /);
  assert(await loginNow(lab.user, sshd, lab.server.address4));
  assertEquals((await serve.stop()).code, 0);
  assertEquals(await snapshot(lab.server), before);
});

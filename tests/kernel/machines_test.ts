// Machines that lack something.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import {
  engineTest,
  kernelTest,
  Lab,
  login,
  loginNow,
  ours,
  type ServeOptions,
  snapshot,
  spawnServe,
  startServe,
  startSshd,
  syn,
  waitFor,
} from "./lab.ts";

/** Hides programs, as on a machine that has none. @param patterns of a shell, in /usr/sbin */
function without(...patterns: string[]): string {
  return hidden("sbin", patterns);
}

/** As on a machine of BusyBox, which has most of coreutils but not this. */
const WITHOUT_STDBUF = hidden("bin", ["stdbuf"]);

function hidden(folder: "bin" | "sbin", patterns: readonly string[]): string {
  return [
    `mkdir -p $RUNTIME_DIRECTORY/${folder}`,
    `mount --bind /usr/${folder} $RUNTIME_DIRECTORY/${folder}`,
    // All of it is made before it is in place, for the programs that make it are in there.
    `mkdir -p $RUNTIME_DIRECTORY/other-${folder}`,
    `for f in $RUNTIME_DIRECTORY/${folder}/*; do echo $f; done | xargs ln -sf -t $RUNTIME_DIRECTORY/other-${folder}`,
    ...patterns.map((pattern) => `rm $RUNTIME_DIRECTORY/other-${folder}/${pattern}`),
    `mount --bind $RUNTIME_DIRECTORY/other-${folder} /usr/${folder}`,
  ].join(" && ");
}

const SURROUNDINGS: readonly [
  string,
  ServeOptions,
  { says: RegExp; v6: "c3po" | "plain" | "none" },
][] = [
  ["a machine without ip6tables is served over IPv4, and serve says what is not", {
    engine: "iptables",
    prepare: without("ip6tables*"),
  }, { says: /event=firewall_limited/, v6: "plain" }],
  ["IPv6 is disabled", {
    prepare: "sysctl -qw net.ipv6.conf.all.disable_ipv6=1",
  }, { says: /event=started/, v6: "none" }],
  ["the state directory is read-only", {
    prepare: "mount -t tmpfs -o ro none $STATE_DIRECTORY",
  }, { says: /event=started/, v6: "c3po" }],
  ["a machine without ipset and iptables is served with nft", {
    prepare: without("ipset", "ip*tables*", "xtables*"),
  }, { says: /event=started .*firewall=nftables/, v6: "c3po" }],
  ["a machine without nft is served with iptables and ipset", {
    prepare: without("nft"),
  }, { says: /event=started .*firewall=iptables/, v6: "c3po" }],
  ["a machine without stdbuf is served with nft", {
    prepare: WITHOUT_STDBUF,
  }, { says: /event=started .*firewall=nftables/, v6: "c3po" }],
];

kernelTest("a missing stdbuf is named, with its package and what else would do", async () => {
  await using lab = await Lab.create({ peers: [] });
  const { server } = lab;
  await startSshd(server);
  const before = await snapshot(server);
  const found = "stdbuf: not found on this machine, and the iptables engine hears ipset through it";
  for (
    const [firewall, prepare] of [
      ["iptables", WITHOUT_STDBUF],
      ["auto", `${WITHOUT_STDBUF} && ${without("nft")}`],
    ] as const
  ) {
    const serve = await spawnServe(server, { args: ["--firewall", firewall], prepare });
    assertEquals((await serve.child.finished()).code, 1);
    assertMatch(serve.child.text(), new RegExp(`^c3po: error: ${found}$`, "m"));
    const env = { ...server.c3poEnv(), C3PO_FIREWALL: firewall, C3PO_SECRET: "classic:a secret" };
    const check = [...server.c3poWords(["check", "--json"])];
    const { code, stdout } = await server.run("sh", [
      "-c",
      `${prepare} && exec "$@"`,
      "sh",
      ...check,
    ], {
      env,
    });
    assertEquals(code, 1);
    const { findings } = JSON.parse(stdout) as { findings: Record<string, string>[] };
    const [firewallFinding] = findings.filter(({ what }) => what === "firewall");
    assertEquals([firewallFinding?.["grade"], firewallFinding?.["found"]], ["fail", found]);
    assertMatch(firewallFinding?.["todo"] ?? "", /install coreutils, .*nftables/);
  }
  assertEquals(await snapshot(server), before);
});

for (const [what, options, { says, v6 }] of SURROUNDINGS) {
  kernelTest(what, async () => {
    await using lab = await Lab.create();
    const sshd = await startSshd(lab.server);
    const before = await snapshot(lab.server);
    const serve = await startServe(lab.server, options);
    assertMatch(serve.child.text(), says);
    const { address4, address6 } = lab.server;
    assert(await loginNow(lab.user, sshd, address4, serve));
    assertEquals(await login(lab.user, sshd, address4, sshd.port, 1), false);
    assertEquals(await loginNow(lab.user, sshd, address6, serve), v6 === "c3po");
    assertEquals(await login(lab.user, sshd, address6, sshd.port, 1), v6 === "plain");
    await syn(lab.attacker, address4, (await serve.ports()).traps[0]!);
    await serve.event("ban", `address=${lab.attacker.address4} `);
    assertEquals((await serve.stop()).code, 0);
    assertEquals(await snapshot(lab.server), before);
  });
}

for (const [what, size] of [["bytes", "size=8k"], ["files", "nr_inodes=2"]] as const) {
  engineTest(
    `a /run without ${what} to spare: serve works, says so once, and status knows it`,
    async (engine) => {
      await using lab = await Lab.create({ peers: ["user"] });
      const { server, user } = lab;
      const sshd = await startSshd(server);
      const before = await snapshot(server);
      const full = "mount -t tmpfs -o mode=755,OPTION none /run && mkdir -p $RUNTIME_DIRECTORY; " +
        "mount -t tmpfs -o OPTION none $RUNTIME_DIRECTORY && " +
        "for d in /run $RUNTIME_DIRECTORY; do dd if=/dev/zero of=$d/full bs=1k count=64 2>/dev/null || true; done";
      const serve = await startServe(server, { engine, prepare: full.replaceAll("OPTION", size) });
      assert(await loginNow(user, sshd, server.address4, serve));
      await serve.event("task_failed", "report");
      const { code, stdout } = await server.c3po(["status", "--json"]);
      const { serving, ok, health } = JSON.parse(stdout);
      assertEquals([code, serving, ok], [0, true, true]);
      assertMatch(health[0].found, /^is running .* no report$/);
      assertEquals(serve.events("task_failed").length, 1, serve.child.text());
      assertEquals((await serve.stop()).code, 0);
      assertEquals(await snapshot(server), before);
    },
  );
}

engineTest("a /run that fills up while serve works leaves no old report behind", async (engine) => {
  await using lab = await Lab.create({ peers: ["attacker"] });
  const { server, attacker } = lab;
  await startSshd(server);
  const prepare = "mount -t tmpfs -o size=32k none $RUNTIME_DIRECTORY";
  const serve = await startServe(server, { engine, prepare });
  const { pid } = JSON.parse((await server.c3po(["status", "--json"])).stdout);
  const among = (args: string[]) => server.run("nsenter", ["-t", String(pid), "-m", ...args]);
  const folder = server.runtimeDirectory;
  await waitFor(async () => (await among(["ls", folder])).stdout !== "", { what: "a report" });
  const fill = `while dd if=/dev/zero bs=4k count=1 2>/dev/null; do :; done >${folder}/full`;
  await among(["sh", "-c", fill]);
  await syn(attacker, server.address4, (await serve.ports()).traps[0]!);
  await serve.event("task_failed", "report");
  assertEquals((await among(["ls", folder])).stdout, "full\n");
  await among(["rm", `${folder}/full`]);
  await serve.event("recovered", "report");
  assertMatch((await among(["ls", folder])).stdout, /^serve-\d+\.json\n$/);
  assertEquals((await serve.stop()).code, 0);
});

engineTest("IPv6 that comes after the start is hidden as well", async (engine) => {
  await using lab = await Lab.create({ peers: ["user"] });
  const sshd = await startSshd(lab.server);
  const prepare = "sysctl -qw net.ipv6.conf.all.disable_ipv6=1";
  const serve = await startServe(lab.server, { engine, prepare });
  await lab.server.must("sh", [
    "-c",
    "sysctl -qw net.ipv6.conf.all.disable_ipv6=0 && " +
    `ip address add ${lab.server.address6}/64 dev eth0 nodad && ip route add fd77::/16 dev eth0`,
  ]);
  assert(await loginNow(lab.user, sshd, lab.server.address6, serve));
  assertEquals(await login(lab.user, sshd, lab.server.address6, sshd.port, 1), false);
});

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
  const serve = await spawnServe(lab.server, { engine: "iptables-legacy", prepare });
  await serve.event("retry", /load the rules of IPv4.*xtables lock/);
  await Deno.writeTextFile(release, "");
  await serve.event("started");
  assert(await loginNow(lab.user, sshd, lab.server.address4, serve));
  assertEquals((await serve.stop()).code, 0);
  assertEquals(await snapshot(lab.server), before);
});

engineTest("a second serve names the first and leaves it alone", async (engine) => {
  await using lab = await Lab.create({ peers: [] });
  await startSshd(lab.server);
  const serve = await startServe(lab.server, { engine });
  const during = ours(await snapshot(lab.server));
  const second = await spawnServe(lab.server, { engine });
  assertEquals((await second.child.finished()).code, 1);
  const [, pid] = /already running here, process (\d+)$/m.exec(second.child.text()) ?? [];
  const command = await Deno.readTextFile(`/proc/${pid}/cmdline`);
  assertEquals(command.split("\0").includes("serve"), true, command);
  assertEquals(ours(await snapshot(lab.server)), during);
  assertEquals((await serve.stop()).code, 0);
});

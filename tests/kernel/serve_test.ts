import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  kernelTest,
  Lab,
  nmapScan,
  probe,
  roomInMinute,
  snapshot,
  sshArgs,
  startServe,
  startSshd,
  syn,
  waitFor,
  withinMinute,
} from "./lab.ts";

/** A scan of all ports has to end within the minute it began in. */
const SCAN_MS = 25_000;

kernelTest("a scan sees exactly the sixteen ports of the minute, in IPv4 and IPv6", async () => {
  await using lab = await Lab.create();
  await startSshd(lab.server);
  const { address4, address6 } = lab.attacker;
  // Only because its address is allowed does the scanner see more than one of them.
  const allow = ["--allow", address4, "--allow", address6];
  const serve = await startServe(lab.server, ["--grace", "0", ...allow]);
  for (const address of [lab.server.address4, lab.server.address6]) {
    const { ssh, traps, states } = await withinMinute(SCAN_MS, async () => ({
      ...await serve.ports(),
      states: await nmapScan(lab.attacker, address),
    }));
    const open = [...states].filter(([, state]) => state === "open").map(([port]) => port);
    assertEquals(open, [ssh, ...traps].sort((a, b) => a - b));
    const silent = [...states].filter(([, state]) => state === "filtered").map(([port]) => port);
    assertEquals(silent, [22]);
  }
});

kernelTest(
  "ssh gets in at the first try through the port of the minute, and only there",
  async () => {
    await using lab = await Lab.create();
    const sshd = await startSshd(lab.server);
    const serve = await startServe(lab.server);
    const args = [...await sshArgs(sshd), "-o", "HostKeyAlias=server"];
    for (const address of [lab.server.address4, lab.server.address6]) {
      await roomInMinute(5000);
      const { ssh } = await serve.ports();
      const login = await lab.user.run("ssh", [...args, "-p", String(ssh), address, "echo in"]);
      assertEquals(login, { code: 0, stdout: "in\n", stderr: "" });
      assertEquals(await probe(lab.user, address, 22, 500), "timeout");
    }
    // What is not on the way in from outside stays as it was.
    assertEquals(await probe(lab.server, "127.0.0.1", 22), "open");
    assertEquals(await probe(lab.server, lab.server.address4, 22), "open");
  },
);

for (const family of [4, 6] as const) {
  kernelTest(
    `one SYN to a trap ends all new IPv${family} connections, and none that runs`,
    async () => {
      await using lab = await Lab.create();
      const sshd = await startSshd(lab.server);
      const serve = await startServe(lab.server);
      const address = family === 4 ? lab.server.address4 : lab.server.address6;
      await roomInMinute(15_000);
      const { ssh, traps } = await serve.ports();
      const login = [...await sshArgs(sshd), "-p", String(ssh), address];
      const session = lab.attacker.spawn("ssh", [...login, "cat"], { stdin: "piped" });
      await session.write("before\n");
      await session.waitForLine(/^before$/);

      assertEquals(await syn(lab.attacker, address, traps[0]!), "open", "a trap looks open");
      const ports = [ssh, ...traps, 22].join(",");
      const states = await nmapScan(lab.attacker, address, { ports });
      for (const port of [ssh, ...traps]) assertEquals(states.get(port), "closed", `port ${port}`);
      assertEquals(states.get(22), "filtered");
      assertEquals(await probe(lab.attacker, address, ssh), "refused");
      await session.write("after\n");
      await session.waitForLine(/^after$/);

      assertEquals((await lab.user.run("ssh", [...login, "true"])).code, 0, "others get in");
      const line = await serve.child.waitForLine(/ ban /);
      const source = family === 4 ? lab.attacker.address4 : lab.attacker.address6;
      const banned = family === 4 ? lab.attacker.address4 : "fd77:0:0:2::/64";
      assertMatch(
        line,
        new RegExp(` ban address=${source} port=${traps[0]} .*offences=1 seconds=900`),
      );
      assertEquals(
        JSON.parse((await lab.server.c3po(["ban", "--json"])).stdout)
          .map(({ address }: { address: string }) => address),
        [banned],
      );
    },
  );
}

kernelTest(
  "to a banned address the open ports look like all others, with or without a firewall",
  async () => {
    await using lab = await Lab.create();
    await startSshd(lab.server);
    const serve = await startServe(lab.server);
    const { address4, address6 } = lab.server;
    for (const policy of ["ACCEPT", "DROP"]) {
      await roomInMinute(15_000);
      const { ssh, traps } = await serve.ports();
      for (const [tool, address] of [["iptables", address4], ["ip6tables", address6]] as const) {
        await syn(lab.attacker, address, traps[0]!);
        await lab.server.must(tool, ["-A", "INPUT", "-p", "ipv6-icmp", "-j", "ACCEPT"]);
        await lab.server.must(tool, ["-P", "INPUT", policy]);
        const closed = [ssh, ...traps].map((port) => port - 1).filter((port) => port !== 22);
        const ports = [ssh, ...traps, ...closed];
        const states = await nmapScan(lab.attacker, address, { ports: ports.join(",") });
        const expected = policy === "ACCEPT" ? "closed" : "filtered";
        assertEquals(ports.filter((port) => states.get(port) !== expected), []);
      }
    }
  },
);

kernelTest("SIGTERM leaves rules and sets byte for byte as they were", async () => {
  await using lab = await Lab.create();
  await startSshd(lab.server);
  for (const tool of ["iptables", "ip6tables"]) {
    for (
      const rule of [
        ["-t", "raw", "-A", "PREROUTING", "-p", "udp", "--dport", "7", "-j", "DROP"],
        ["-t", "nat", "-A", "PREROUTING", "-p", "tcp", "--dport", "8080", "-j", "REDIRECT"],
        ["-A", "INPUT", "-p", "tcp", "--dport", "9", "-j", "DROP"],
        ["-N", "OTHER"],
        ["-A", "INPUT", "-j", "OTHER"],
      ]
    ) await lab.server.must(tool, rule);
  }
  await lab.server.must("ipset", ["create", "other", "hash:ip"]);
  const before = await snapshot(lab.server);
  const serve = await startServe(lab.server);
  const during = await snapshot(lab.server);
  assertMatch(during, /^-A PREROUTING .* -j C3PO-NAT\n-A PREROUTING -p tcp/m, "ours come first");
  const { code } = await serve.stop();
  assertEquals(code, 0);
  assertEquals(await snapshot(lab.server), before);
});

kernelTest(
  "a session outlives the serve that let it in, and the next stop leaves nothing",
  async () => {
    await using lab = await Lab.create();
    const sshd = await startSshd(lab.server);
    const before = await snapshot(lab.server);
    const serve = await startServe(lab.server);
    await roomInMinute(5000);
    const { ssh } = await serve.ports();
    const login = [...await sshArgs(sshd), "-p", String(ssh), lab.server.address4, "cat"];
    const session = lab.user.spawn("ssh", login, { stdin: "piped" });
    await session.write("before\n");
    await session.waitForLine(/^before$/);
    await serve.stop();
    await session.write("after\n");
    await session.waitForLine(/^after$/);
    await (await startServe(lab.server)).stop();
    await session.write("after a restart\n");
    await session.waitForLine(/^after a restart$/);
    await session.stop();
    await waitFor(async () => !(await lab.server.must("ss", ["-Htn"])).includes("ESTAB"), {
      what: "end of the session",
    });
    await (await startServe(lab.server)).stop();
    assertEquals(await snapshot(lab.server), before);
  },
);

kernelTest("a session from before the start, on sshd's own port, lives on", async () => {
  await using lab = await Lab.create();
  const sshd = await startSshd(lab.server);
  const login = [...await sshArgs(sshd), lab.server.address4, "cat"];
  const session = lab.user.spawn("ssh", login, { stdin: "piped" });
  await session.write("before\n");
  await session.waitForLine(/^before$/);
  const serve = await startServe(lab.server);
  await session.write("during\n");
  await session.waitForLine(/^during$/);
  assertEquals(await probe(lab.user, lab.server.address4, 22, 500), "timeout", "it is hidden");
  await serve.stop();
  await session.write("after\n");
  await session.waitForLine(/^after$/);
});

kernelTest("default-deny policies need no help from the user", async () => {
  await using lab = await Lab.create();
  const sshd = await startSshd(lab.server);
  for (const tool of ["iptables", "ip6tables"]) {
    await lab.server.must(tool, ["-P", "INPUT", "DROP"]);
  }
  await lab.server.must("ip6tables", ["-A", "INPUT", "-p", "ipv6-icmp", "-j", "ACCEPT"]);
  const serve = await startServe(lab.server);
  for (const address of [lab.server.address4, lab.server.address6]) {
    await roomInMinute(5000);
    const { ssh } = await serve.ports();
    const login = [...await sshArgs(sshd), "-p", String(ssh), address, "echo in"];
    assertEquals((await lab.user.run("ssh", login)).stdout, "in\n");
  }
});

kernelTest("what goes through the machine is left alone", async () => {
  await using lab = await Lab.create({ peers: ["user", "container"] });
  await startSshd(lab.server);
  // The container's network lies behind the server, and the user's packets to it go through.
  const inside = lab.peer("container");
  await inside.must("ip", ["address", "add", "10.99.0.2/32", "dev", "lo"]);
  await lab.server.must("sysctl", ["-qw", "net.ipv4.ip_forward=1"]);
  await lab.server.must("ip", ["route", "add", "10.99.0.2", "via", inside.address4]);
  await lab.user.must("ip", ["route", "add", "10.99.0.2", "via", lab.server.address4]);
  const serve = await startServe(lab.server);
  await roomInMinute(5000);
  const { ssh, traps } = await serve.ports();
  for (const port of [ssh, ...traps]) {
    assertEquals(await probe(lab.user, "10.99.0.2", port), "refused");
  }
  assertEquals((await lab.server.c3po(["ban", "--json"])).stdout, "[]\n");
});

kernelTest(
  "serve --dry-run needs no root, changes nothing, and prints what serve loads",
  async () => {
    await using lab = await Lab.create();
    await startSshd(lab.server);
    const before = await snapshot(lab.server);
    const args = ["serve", "--dry-run", "--allow", "192.0.2.0/24"];
    const env = { C3PO_SECRET: "classic:dry run", HOME: "/" };
    const dry = await lab.server.c3po(args, { env });
    assertEquals([dry.code, dry.stderr], [0, ""]);
    assertEquals(await snapshot(lab.server), before);
    const lines = dry.stdout.split("\n");
    assert(lines.includes("add c3po-allow4 192.0.2.0/24 -exist"));
    const rules = (text: string): string[] =>
      text.split("\n").filter((line) => /^-A C3PO/.test(line));
    await startServe(lab.server);
    const loaded = rules(await snapshot(lab.server)).length;
    assertEquals(rules(dry.stdout).length, loaded);
  },
);

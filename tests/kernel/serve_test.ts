import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  engineTest,
  Lab,
  loadPrinted,
  login,
  loginNow,
  type Namespace,
  nmapScan,
  ours,
  PATIENT_SCAN,
  printedWindows,
  probe,
  roomInMinute,
  Session,
  snapshot,
  ssh,
  startServe,
  startSshd,
  syn,
  waitFor,
  withinMinute,
} from "./lab.ts";
import { commandAt } from "./lab/pair.ts";

/** Half a minute into the minute of the published vectors, in unix milliseconds. */
const PUBLISHED_AT = 1_795_334_430_000;
/** What `serve --dry-run` printed for their key then, before there were users: see {@linkcode printedWindows}. */
const PUBLISHED_WINDOWS = new URL("../dry-run.txt", import.meta.url);
const PUBLISHED_KEY = "c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/** A scan of all ports has to end within the minute it began in. */
const SCAN_MS = 25_000;

engineTest(
  "a scan sees exactly the sixteen ports of the minute, in both families",
  async (engine) => {
    await using lab = await Lab.create();
    await startSshd(lab.server);
    const { address4, address6 } = lab.attacker;
    // Only because its address is allowed does the scanner see more than one of them.
    const args = ["--grace", "0", "--allow", address4, "--allow", address6];
    const serve = await startServe(lab.server, { engine, args });
    for (const address of [lab.server.address4, lab.server.address6]) {
      const { ssh, traps, states } = await withinMinute(SCAN_MS, async () => ({
        ...await serve.ports(),
        states: await nmapScan(lab.attacker, address, { extra: PATIENT_SCAN }),
      }));
      const expected = new Map<number, string>(
        [[ssh, ...traps].map((port) => [port, "open"] as const), [[22, "filtered"] as const]]
          .flat(),
      );
      const seen = [...states].filter(([, state]) => state !== "closed");
      assertEquals(new Map(seen), expected);
    }
  },
);

engineTest(
  "ssh gets in at the first try through the port of the minute, and only there",
  async (engine) => {
    await using lab = await Lab.create();
    const sshd = await startSshd(lab.server);
    const serve = await startServe(lab.server, { engine });
    for (const address of [lab.server.address4, lab.server.address6]) {
      const { ssh: port } = await serve.ports();
      const login = await ssh(lab.user, sshd, address, port, ["echo in"]);
      assertEquals(login, { code: 0, stdout: "in\n", stderr: "" });
      assertEquals(await probe(lab.user, address, 22, 500), "timeout");
    }
    // What is not on the way in from outside stays as it was.
    assertEquals(await probe(lab.server, "127.0.0.1", 22), "open");
    assertEquals(await probe(lab.server, lab.server.address4, 22), "open");
  },
);

engineTest("one SYN to a trap ends all new connections, and none that runs", async (engine) => {
  await using lab = await Lab.create();
  const sshd = await startSshd(lab.server);
  // Who logs in to see the session outlive the ban would otherwise be trusted, and not banned by a SYN.
  const serve = await startServe(lab.server, { engine, args: ["--friends", "off"] });
  const { address4, address6 } = lab.attacker;
  for (
    const [address, source] of [[lab.server.address4, address4], [lab.server.address6, address6]]
  ) {
    await roomInMinute(15_000);
    const { ssh, traps } = await serve.ports();
    const session = await Session.open(lab.attacker, sshd, address!, ssh);
    assertEquals(await syn(lab.attacker, address!, traps[0]!), "open", "a trap looks open");
    const ports = [ssh, ...traps, 22].join(",");
    const states = await nmapScan(lab.attacker, address!, { ports });
    for (const port of [ssh, ...traps]) assertEquals(states.get(port), "closed", `port ${port}`);
    assertEquals(states.get(22), "filtered");
    assertEquals(await probe(lab.attacker, address!, ssh), "refused");
    await session.answers();
    assert(await loginNow(lab.user, sshd, address!, serve), "others get in");
    await serve.event(
      "ban",
      new RegExp(`address=${source} port=${traps[0]} .*offences=1 seconds=900`),
    );
  }
  const bans = JSON.parse((await lab.server.c3po(["ban", "--json"])).stdout);
  assertEquals(bans.map(({ address }: { address: string }) => address).sort(), [
    address4,
    "fd77:0:0:2::/64",
  ]);
});

engineTest(
  "to a banned address the open ports look like all others, with or without a firewall",
  async (engine) => {
    await using lab = await Lab.create();
    await startSshd(lab.server);
    const serve = await startServe(lab.server, { engine });
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

/** What others have in the packet filter, in each of its forms. */
async function furnish(server: Namespace): Promise<void> {
  for (const tool of ["iptables", "ip6tables", "iptables-legacy", "ip6tables-legacy"]) {
    for (
      const rule of [
        ["-t", "raw", "-A", "PREROUTING", "-p", "udp", "--dport", "7", "-j", "DROP"],
        ["-t", "nat", "-A", "PREROUTING", "-p", "tcp", "--dport", "8080", "-j", "REDIRECT"],
        ["-A", "INPUT", "-p", "tcp", "--dport", "9", "-j", "DROP"],
        ["-N", "OTHER"],
        ["-A", "INPUT", "-j", "OTHER"],
      ]
    ) await server.must(tool, rule);
  }
  await server.must("ipset", ["create", "other", "hash:ip"]);
  await server.must("nft", ["-f", "-"], {
    stdin: "table inet theirs {\n set blocked { type ipv4_addr; elements = { 192.0.2.1 }; }\n" +
      " chain before { type filter hook input priority -5; ip saddr @blocked drop; }\n" +
      " chain after { type nat hook postrouting priority 100; }\n}\n",
  });
}

engineTest("SIGTERM leaves rules and sets byte for byte as they were", async (engine) => {
  await using lab = await Lab.create();
  const sshd = await startSshd(lab.server);
  await furnish(lab.server);
  const before = await snapshot(lab.server);
  const serve = await startServe(lab.server, { engine });
  assert(ours(await snapshot(lab.server)).length > 10);
  assert(await loginNow(lab.user, sshd, lab.server.address4, serve));
  await syn(lab.attacker, lab.server.address6, (await serve.ports()).traps[0]!);
  assertEquals((await serve.stop()).code, 0);
  assertEquals(await snapshot(lab.server), before);
});

engineTest("with --fail closed a stop leaves sshd's port shut, until --undo", async (engine) => {
  await using lab = await Lab.create({ peers: ["user", "attacker"] });
  const sshd = await startSshd(lab.server);
  await furnish(lab.server);
  const before = await snapshot(lab.server);
  const args = ["--fail", "closed"];
  const first = await startServe(lab.server, { engine, args });
  const { ssh, traps } = await first.ports();
  const session = await Session.open(lab.user, sshd, lab.server.address4, ssh);
  await syn(lab.attacker, lab.server.address4, traps[0]!);
  assertEquals((await first.stop()).code, 0);
  assertStringIncludes(first.child.text(), "event=left_closed ports=22 ");
  for (const address of [lab.server.address4, lab.server.address6]) {
    for (const peer of [lab.user, lab.attacker]) {
      assertEquals(await probe(peer, address, 22, 500), "timeout");
      for (const port of [ssh, traps[1]!]) {
        assertEquals(await probe(peer, address, port, 500), "refused");
      }
    }
  }
  await session.answers();
  const second = await startServe(lab.server, { engine, args });
  assert(await loginNow(lab.user, sshd, lab.server.address4, second));
  await session.close();
  await second.stop();
  const undo = ["serve", "--undo", ...args];
  // A stop that hung is as closed as one that went well; without a service it is the administrator's word.
  const hung = { SERVICE_RESULT: "timeout", EXIT_STATUS: "KILL" };
  assertEquals((await lab.server.c3po(undo, { env: hung })).code, 0);
  assertEquals(await probe(lab.user, lab.server.address4, 22, 500), "timeout");
  assertEquals((await lab.server.c3po(undo)).code, 0);
  assert(await login(lab.user, sshd, lab.server.address4, 22));
  assertEquals(await snapshot(lab.server), before);
});

engineTest(
  "a session outlives the serve that let it in, and the next stop leaves nothing",
  async (engine) => {
    await using lab = await Lab.create();
    const sshd = await startSshd(lab.server);
    const before = await snapshot(lab.server);
    const serve = await startServe(lab.server, { engine });
    const { ssh } = await serve.ports();
    const session = await Session.open(lab.user, sshd, lab.server.address4, ssh);
    await serve.stop();
    await session.answers();
    await (await startServe(lab.server, { engine })).stop();
    await session.answers();
    await session.close();
    await waitFor(async () => !(await lab.server.must("ss", ["-Htn"])).includes("ESTAB"), {
      what: "end of the session",
    });
    await (await startServe(lab.server, { engine })).stop();
    assertEquals(await snapshot(lab.server), before);
  },
);

engineTest("a session from before the start, on sshd's own port, lives on", async (engine) => {
  await using lab = await Lab.create();
  const sshd = await startSshd(lab.server);
  const session = await Session.open(lab.user, sshd, lab.server.address4, sshd.port);
  const serve = await startServe(lab.server, { engine });
  await session.answers();
  assertEquals(await probe(lab.user, lab.server.address4, 22, 500), "timeout", "it is hidden");
  await serve.stop();
  await session.answers();
});

engineTest(
  "a policy that denies keeps people out until it is to be opened, and then whom others deny",
  async (engine) => {
    await using lab = await Lab.create();
    const sshd = await startSshd(lab.server);
    for (
      const [tool, source] of [["iptables", lab.attacker.address4], [
        "ip6tables",
        "fd77:0:0:2::/64",
      ]]
    ) {
      await lab.server.must(tool!, ["-A", "INPUT", "-s", source!, "-j", "REJECT"]);
      await lab.server.must(tool!, ["-A", "INPUT", "-p", "ipv6-icmp", "-j", "ACCEPT"]);
      await lab.server.must(tool!, ["-P", "INPUT", "DROP"]);
    }
    const before = await snapshot(lab.server);
    const addresses = [lab.server.address4, lab.server.address6];
    const shut = await startServe(lab.server, { engine });
    for (const address of addresses) {
      assertEquals(await login(lab.user, sshd, address, (await shut.ports()).ssh, 1), false);
    }
    assertMatch(await shut.event("firewall_denies"), /IPv4.* next=".*"$/);
    await shut.stop();
    assertEquals(await snapshot(lab.server), before);
    const open = await startServe(lab.server, { engine, args: ["--open-firewall"] });
    for (const address of addresses) {
      assert(await loginNow(lab.user, sshd, address, open), address);
      assertEquals(await login(lab.attacker, sshd, address, (await open.ports()).ssh, 1), false);
      assertEquals(await login(lab.user, sshd, address, sshd.port, 1), false);
    }
    await open.stop();
    assertEquals(await snapshot(lab.server), before);
  },
);

engineTest("what goes through the machine is left alone", async (engine) => {
  await using lab = await Lab.create({ peers: ["user", "container"] });
  await startSshd(lab.server);
  // The container's network lies behind the server, and the user's packets to it go through.
  const inside = lab.peer("container");
  await inside.must("ip", ["address", "add", "10.99.0.2/32", "dev", "lo"]);
  await lab.server.must("sysctl", ["-qw", "net.ipv4.ip_forward=1"]);
  await lab.server.must("ip", ["route", "add", "10.99.0.2", "via", inside.address4]);
  await lab.user.must("ip", ["route", "add", "10.99.0.2", "via", lab.server.address4]);
  const serve = await startServe(lab.server, { engine });
  await roomInMinute(5000);
  const { ssh, traps } = await serve.ports();
  for (const port of [ssh, ...traps]) {
    assertEquals(await probe(lab.user, "10.99.0.2", port), "refused");
  }
  assertEquals((await lab.server.c3po(["ban", "--json"])).stdout, "[]\n");
});

engineTest("serve --dry-run changes nothing, and prints what serve loads", async (engine) => {
  await using lab = await Lab.create();
  await startSshd(lab.server);
  const before = await snapshot(lab.server);
  const words = ["serve", "--dry-run", "--firewall", engine];
  const env = { C3PO_SECRET: "classic:dry run", HOME: "/" };
  const dry = await lab.server.c3po(words, { env });
  assertEquals([dry.code, dry.stderr], [0, ""]);
  // At a given time, for a given key: the windows of the version before there were users, to the second.
  const [command, ...first] = commandAt(PUBLISHED_AT - Date.now());
  const published = await lab.server.must(command, [...first, ...words], {
    env: lab.server.c3poEnv({ C3PO_SECRET: PUBLISHED_KEY }),
  });
  assertEquals(printedWindows(engine, published), await Deno.readTextFile(PUBLISHED_WINDOWS));
  assertEquals(await snapshot(lab.server), before);
  await loadPrinted(lab.server, engine, dry.stdout);
  const printed = ours(await snapshot(lab.server));
  await lab.server.c3po(["serve", "--undo"]);
  assertEquals(await snapshot(lab.server), before);
  await startServe(lab.server, { engine });
  // What a running nft owns went with the one that loaded what was printed.
  const loaded = (await snapshot(lab.server)).replace(/^table inet c3po-anchor [\s\S]*?^}\n/m, "");
  assertEquals(printed, ours(loaded));
});

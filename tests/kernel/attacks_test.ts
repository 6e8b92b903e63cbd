// What an attacker would try, beside what the contract of the engines holds already.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import {
  engineTest,
  Lab,
  login,
  loginNow,
  type Namespace,
  probe,
  Session,
  ssh,
  startServe,
  startSshd,
  syn,
  waitFor,
} from "./lab.ts";
import { bansOn, TRAP, TRIPWIRE } from "./bans/tripwire.ts";
import { seesAllCgroups } from "../../src/os/procfs.ts";
import { goOn, goOnElsewhere } from "./nftables/go_on.ts";

const FLOODER = fromFileUrl(new URL("./bans/flooder.ts", import.meta.url));

/** Sends one SYN that claims to come from anywhere at all. */
async function send(from: Namespace, source: string, target: string, port: number): Promise<void> {
  const args = ["run", "--no-prompt", "-A", FLOODER, target, String(port), source, "1"];
  await from.must(Deno.execPath(), args);
}

/** Sources that are nobody's, or that no set of the kernel takes. */
const ODD = ["::5", "::ffff:10.77.2.1", "::1", "ff02::1", "0.0.0.1", "127.0.0.1", "224.0.0.1"];

/** Drops what comes in by an interface that does not lead back to its source, before any NAT. */
const FROM_ELSEWHERE: Readonly<Record<string, string>> = {
  iptables: "iptables -t raw -A PREROUTING -m rpfilter --invert -j DROP",
  nftables:
    "nft 'table ip guard { chain before { type filter hook prerouting priority raw; fib saddr . iif oif missing drop; }; }'",
};

engineTest(
  "a forged source is banned by one packet, unless a rule before NAT drops it",
  async (engine) => {
    await using lab = await Lab.create();
    const { server, attacker } = lab;
    await startSshd(server);
    await server.must("sh", ["-c", "sysctl -qw net.ipv4.conf.all.rp_filter=1"]);
    const serve = await startServe(server, { engine, args: TRIPWIRE });
    const banned = async () => (await bansOn(server)).map(({ address }) => address);
    await send(attacker, "192.0.2.1", server.address4, TRAP);
    await serve.event("ban", "address=192.0.2.1 ");
    await server.must("sh", ["-c", FROM_ELSEWHERE[engine]!]);
    await send(attacker, "192.0.2.2", server.address4, TRAP);
    // What was sent behind it has come.
    await syn(attacker, server.address4, TRAP);
    await serve.event("ban", `address=${attacker.address4} `);
    assertEquals(new Set(await banned()), new Set(["192.0.2.1", attacker.address4]));
  },
);

/** The link-local address of a machine on its only link. */
async function linkLocal(machine: Namespace): Promise<string> {
  const show = ["-6", "-o", "address", "show", "dev", "eth0", "scope", "link"];
  const shown = await machine.must("ip", show);
  return `${/ (fe80::\S+)\/64/.exec(shown)![1]}%eth0`;
}

engineTest(
  "neighbours on a link are banned as one by their link-local addresses, and by no others",
  async (engine) => {
    await using lab = await Lab.create();
    const { server, user, attacker } = lab;
    const sshd = await startSshd(server);
    const serve = await startServe(server, { engine, args: TRIPWIRE });
    const near = await linkLocal(server);
    assertEquals(await syn(user, near, (await serve.ports(0)).ssh), "open");
    assertEquals(await syn(attacker, near, TRAP), "open");
    await serve.event("ban", "address=fe80::");
    assertEquals(await syn(user, near, (await serve.ports(0)).ssh), "closed");
    assert(await loginNow(user, sshd, server.address6, serve));
    assert(await loginNow(user, sshd, server.address4, serve));
  },
);

/** Flushes the rules, so that they have to be put back. */
const FLUSH: Readonly<Record<string, string>> = {
  iptables: "iptables -F; ip6tables -F; iptables -t nat -F; ip6tables -t nat -F",
  nftables: "nft flush ruleset",
};

engineTest("sources that nobody can have stop neither bans nor repair", async (engine) => {
  await using lab = await Lab.create();
  const { server, user, attacker } = lab;
  const sshd = await startSshd(server);
  const serve = await startServe(server, { engine, args: [...TRIPWIRE, "--ban-time", "2s"] });
  for (let times = 0; times < 2; times++) {
    for (const source of ODD) {
      const target = source.includes(":") ? server.address6 : server.address4;
      await send(attacker, source, target, TRAP);
    }
    // Whoever comes back is banned for longer, whatever stands in the queue beside them.
    await syn(attacker, server.address4, TRAP);
    await serve.event(
      "ban",
      `address=${attacker.address4} port=${TRAP} trigger=syn offences=${times + 1}`,
    );
    await waitFor(async () => times > 0 || (await bansOn(server)).length === 0, {
      what: "end of the first ban",
    });
  }
  await server.must("sh", ["-c", FLUSH[engine]!]);
  await serve.event("firewall_restored");
  for (const address of [server.address4, server.address6]) {
    assert(await loginNow(user, sshd, address, serve));
    assertEquals(await login(user, sshd, address, sshd.port, 1), false);
  }
  const banned = (await bansOn(server)).map(({ address }) => address);
  assertEquals(banned.filter((address) => address !== attacker.address4), []);
  assertEquals((await serve.stop()).code, 0);
});

engineTest("where the kernel answers with cookies, logins work and bans hold", async (engine) => {
  await using lab = await Lab.create();
  const { server, user, attacker } = lab;
  const sshd = await startSshd(server);
  await server.must("sysctl", ["-qw", "net.ipv4.tcp_syncookies=2"]);
  const serve = await startServe(server, { engine, args: TRIPWIRE });
  for (const address of [server.address4, server.address6]) {
    assert(await loginNow(user, sshd, address, serve));
    assertEquals(await probe(attacker, address, TRAP), "open");
    assertEquals(await probe(attacker, address, (await serve.ports(0)).ssh), "refused");
    assertEquals(await probe(attacker, address, sshd.port, 500), "timeout");
    assert(await loginNow(user, sshd, address, serve));
  }
});

engineTest(
  "where sshd listens on single addresses, a cookie opens nothing at its own port",
  async (engine) => {
    await using lab = await Lab.create();
    const { server, user, attacker } = lab;
    const addresses = [server.address4, server.address6];
    const config = addresses.map((each) => `ListenAddress ${each}`);
    const sshd = await startSshd(server, { config });
    // A session from before the start has no redirect, and lives on all the same.
    const session = await Session.open(user, sshd, server.address4, sshd.port);
    const serve = await startServe(server, { engine, args: TRIPWIRE });
    // In a container iptables has to look sockets up, and takes such a listener for a connection.
    const isTold = engine === "nftables" || await seesAllCgroups();
    for (const address of addresses) {
      const from = { door: (await serve.ports(0)).ssh, address };
      if (isTold) {
        assertEquals(await goOnElsewhere(server, user, from), "refused");
        const met = await goOnElsewhere(server, attacker, {
          ...from,
          meanwhile: () => syn(attacker, address, TRAP),
          patienceMs: 5000, // it may be dropped
        });
        assert(met === "refused" || met === "silence", met);
      }
      assert(await loginNow(user, sshd, address, serve));
    }
    await session.answers();
    assertEquals((await bansOn(server)).length, isTold ? 2 : 0);
  },
);

engineTest(
  "a handshake that was begun before a ban is not ended after it, with or without a cookie",
  async (engine) => {
    await using lab = await Lab.create();
    const { server, user, attacker } = lab;
    const sshd = await startSshd(server);
    const args = [...TRIPWIRE, "--grace", "60s", "--friends", "off"];
    const serve = await startServe(server, { engine, args });
    // One that was complete before the ban lives on.
    const session = await Session.open(attacker, sshd, server.address4, (await serve.ports(0)).ssh);
    // In a container iptables looks sockets up, and takes one that waits for the end of a handshake for one.
    const isTold = engine === "nftables" || await seesAllCgroups();
    for (const address of [server.address4, server.address6]) {
      for (const cookies of [true, false]) {
        const begun = async (from: Namespace, meanwhile: () => Promise<unknown>) =>
          await goOn(server, from, {
            ...{ door: (await serve.ports(0)).ssh, address, cookies, meanwhile },
            patienceMs: 10_000, // it may be dropped
          });
        assertMatch(await begun(user, () => Promise.resolve()), /^SSH-2\.0-/);
        if (!isTold && !cookies) continue;
        const met = await begun(attacker, () => syn(attacker, address, TRAP));
        assert(met === "refused" || met === "silence", `${address} ${cookies}: ${met}`);
        await server.c3po(["ban", "clear"]);
        if (address === server.address4) await session.answers();
      }
    }
    await session.answers();
  },
);

/** Tells each who comes much and closes, so that most of it is still to be sent; prints to whom then. */
const TELL =
  `use Socket; socket(L, AF_INET, SOCK_STREAM, 0); setsockopt(L, SOL_SOCKET, SO_REUSEADDR, 1);
  bind(L, sockaddr_in(2200, INADDR_ANY)) or die; listen(L, 9); $| = 1; print "listening\\n";
  while ($peer = accept(S, L)) {
    setsockopt(S, SOL_SOCKET, SO_SNDBUF, 400_000); syswrite(S, "x" x 150_000); close S;
    print "closed ", inet_ntoa((sockaddr_in($peer))[1]), "\\n";
  }`;
/** Connects and hears nothing until SIGUSR1; then prints how much it is told. */
const HEAR =
  `use Socket; socket(S, AF_INET, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, SO_RCVBUF, 32768);
  $SIG{USR1} = sub { $go = 1 }; connect(S, sockaddr_in($ARGV[1], inet_aton($ARGV[0]))) or die;
  $| = 1; print "connected\\n"; select(undef, undef, undef, 0.1) until $go;
  while ($n = sysread(S, $b, 65536)) { $all += $n } print "heard $all $!\\n"`;

engineTest(
  "a service that has closed is heard to its end, whoever is banned meanwhile",
  async (engine) => {
    await using lab = await Lab.create();
    const { server, user } = lab;
    const teller = server.spawn("perl", ["-e", TELL]);
    await teller.waitForLine(/^listening$/);
    const serve = await startServe(server, { engine, args: ["--ssh-port", "2200"] });
    const hearer = user.spawn("perl", [
      "-e",
      HEAR,
      server.address4,
      String((await serve.ports(0)).ssh),
    ]);
    await hearer.waitForLine(/^connected$/);
    await teller.waitForLine((line) => line === `closed ${user.address4}`);
    await server.c3po(["ban", "add", user.address4], { env: { C3PO_FIREWALL: engine } });
    hearer.kill("SIGUSR1");
    assertEquals(await hearer.waitForLine(/^heard/), "heard 150000 ");
  },
);

/** An ordinary user of the server listens on ports and says that this is sshd. */
async function pretend(server: Namespace, low: number, high: number): Promise<void> {
  const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "perl", "-e"];
  const child = server.spawn("prlimit", [
    "--nofile=4096",
    "setpriv",
    ...nobody,
    PRETENDER,
    `${low}`,
    `${high}`,
  ]);
  await child.waitForLine(/^listening$/);
}

const PRETENDER = `use Socket; $| = 1; my ($low, $high) = @ARGV; my $set = "";
for my $port ($low .. $high) {
  socket(my $s, PF_INET, SOCK_STREAM, 0) or die; setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1);
  bind($s, sockaddr_in($port, INADDR_ANY)) or die "$port: $!"; listen($s, 5) or die;
  $all{fileno($s)} = $s; vec($set, fileno($s), 1) = 1;
}
print "listening\\n";
while (select(my $ready = $set, undef, undef, undef)) {
  for (grep { vec($ready, $_, 1) } keys %all) { accept(my $c, $all{$_}) and syswrite($c, "SSH-2.0-FAKE\\r\\n"); }
}`;

engineTest(
  "a local user who listens on every port gets no login, and keeps nobody out",
  async (engine) => {
    await using lab = await Lab.create({ peers: ["user"] });
    const { server, user } = lab;
    const sshd = await startSshd(server);
    const key = `c3po-1-${"A".repeat(43)}?ports=20000-21023`;
    await pretend(server, 20_000, 21_023);
    // Nor is a start refused.
    for (let times = 0; times < 2; times++) {
      const serve = await startServe(server, { engine, key });
      const { ssh: port } = await serve.ports(0);
      const { stdout, stderr } = await ssh(user, sshd, server.address4, port, ["echo in"]);
      assertEquals([stdout, stderr], ["in\n", ""]);
      assertEquals((await serve.stop()).code, 0);
    }
  },
);

engineTest(
  "with handshake, who resets a completed connection at once is banned all the same",
  async (engine) => {
    await using lab = await Lab.create();
    const { server, user, attacker } = lab;
    const sshd = await startSshd(server);
    const serve = await startServe(server, {
      engine,
      args: [...TRIPWIRE, "--trigger", "handshake"],
    });
    const reset = `use Socket; socket(my $s, PF_INET, SOCK_STREAM, 0) or die;
connect($s, sockaddr_in(${TRAP}, inet_aton("${server.address4}"))) or die $!;
setsockopt($s, SOL_SOCKET, SO_LINGER, pack("ii", 1, 0)); close($s);`;
    await attacker.must("perl", ["-e", reset]);
    await serve.event("ban", `address=${attacker.address4} port=${TRAP} trigger=handshake`);
    assertEquals(await syn(attacker, server.address4, (await serve.ports(0)).ssh), "closed");
    assert(await loginNow(user, sshd, server.address4, serve));
  },
);

/** What packets of some kind meet at some ports, by nmap's words. */
async function answers(
  from: Namespace,
  address: string,
  ports: readonly number[],
  kind: string,
): Promise<string[]> {
  const family = address.includes(":") ? ["-6"] : [];
  const fixed = ["-n", "-Pn", "-T4", "--max-retries", "2", "--disable-arp-ping", "-oX", "-"];
  const xml = await from.must("nmap", [
    ...[...family, ...fixed, "-d", kind, "-p", ports.join(","), address], // -d lists every port
  ]);
  return ports.map((port) =>
    new RegExp(`portid="${port}"><state state="([^"]+)"`).exec(xml)?.[1] ?? "not told"
  );
}

/** A port of this machine on which nothing ever listens. */
const CLOSED = 19_999;

engineTest(
  "without a SYN, sshd's port and the tarpit's answer as closed ports do",
  async (engine) => {
    await using lab = await Lab.create();
    const { server, attacker } = lab;
    await startSshd(server);
    for (const policy of ["ACCEPT", "DROP"]) {
      for (const tool of ["iptables", "ip6tables"]) {
        await server.must(tool, ["-A", "INPUT", "-p", "ipv6-icmp", "-j", "ACCEPT"]);
        await server.must(tool, ["-P", "INPUT", policy]);
      }
      const serve = await startServe(server, { engine, args: ["--open-firewall"] });
      for (const address of [server.address4, server.address6]) {
        await Promise.all(["-sF", "-sN", "-sX", "-sA", "-sM"].map(async (kind) => {
          const seen = await answers(attacker, address, [CLOSED, 22, 61_023], kind);
          assertEquals(new Set(seen).size, 1, `${policy} ${kind} ${address}: ${seen}`);
        }));
      }
      assertEquals(await bansOn(server), []);
      await serve.stop();
    }
  },
);

/** Forwards of each kind: what to load, and a port that is forwarded. */
const FORWARDS: readonly [string, string, number][] = [
  [
    "iptables, as Docker",
    "iptables -t nat -N DOCKER; iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER; " +
    "iptables -t nat -A DOCKER ! -i docker0 -p tcp --dport 8081 -j DNAT --to-destination 172.17.0.2:80",
    8081,
  ],
  [
    "iptables, port and target in different chains, as Kubernetes",
    "iptables -t nat -N NODEPORTS; iptables -t nat -N SVC; iptables -t nat -A PREROUTING -j NODEPORTS; " +
    "iptables -t nat -A NODEPORTS -p tcp --dport 8082 -j SVC; " +
    "iptables -t nat -A SVC -p tcp -j DNAT --to-destination 172.17.0.3:80",
    8082,
  ],
  [
    "nft itself",
    "nft 'table ip shop { chain before { type nat hook prerouting priority dstnat; tcp dport 8083 dnat to 172.17.0.4:80; }; }'",
    8083,
  ],
];

engineTest("what others forward is theirs, in whatever way they do it", async (engine) => {
  await using lab = await Lab.create();
  const { server, attacker } = lab;
  await startSshd(server);
  for (const [, commands] of FORWARDS) await server.must("sh", ["-c", commands]);
  const traps = [...FORWARDS.map(([, , port]) => port), TRAP].join(",");
  const serve = await startServe(server, { engine, args: ["--tripwire", traps] });
  for (const [what, , port] of FORWARDS) {
    await syn(attacker, server.address4, port);
    assertEquals(await bansOn(server), [], what);
  }
  assertEquals(await syn(attacker, server.address4, TRAP), "open");
  await serve.event("ban", `address=${attacker.address4} `);
});

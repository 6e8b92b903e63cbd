import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  engineTest,
  type Filter,
  FILTERS,
  isTestable,
  kernelTest,
  Lab,
  loginNow,
  type Namespace,
  ours,
  probe,
  Session,
  snapshot,
  startServe,
  startSshd,
  syn,
  waitFor,
} from "./lab.ts";

type Leftover = readonly [what: string, commands: string];

/** What a crash, or another version, can leave, made from what a killed `serve` left. */
const OF_IPTABLES: readonly Leftover[] = [
  ["everything", "true"],
  ["rules without jumps", "iptables -F INPUT; ip6tables -t nat -F PREROUTING"],
  [
    "doubled jumps",
    "iptables -A INPUT -p tcp -j C3PO-IN; iptables -t nat -I PREROUTING -j C3PO-NAT",
  ],
  ["chains without rules", "iptables -t nat -F C3PO-OPEN; ip6tables -t nat -F C3PO-NAT"],
  [
    "a chain nobody knows",
    "iptables -t mangle -N C3PO-OLD; iptables -t mangle -A INPUT -j C3PO-OLD",
  ],
  ["sets without rules", "nft flush ruleset"],
  [
    "sets of another layout",
    "nft flush ruleset; until ipset destroy; do sleep 0.01; done; " +
    "ipset create c3po-ssh hash:ip; ipset create c3po-ban4 hash:ip maxelem 10; " +
    "ipset create c3po-gone hash:net; iptables -A INPUT -m set --match-set c3po-ban4 src -j DROP; " +
    "iptables -D INPUT 1",
  ],
];
const OF_NFTABLES: readonly Leftover[] = [
  ["everything", "true"],
  ["sets without rules", "nft flush table inet c3po"],
  ["nothing", "nft flush ruleset"],
  ["rules doubled", "nft list table inet c3po > $HOME/c3po.nft; nft -f $HOME/c3po.nft"],
  [
    "a chain nobody knows",
    "nft add chain inet c3po old '{ type filter hook input priority 0; }'; nft add rule inet c3po old counter",
  ],
  [
    "sets of another layout",
    "nft delete table inet c3po; nft 'table inet c3po { set ban4 { type ipv6_addr; size 10; }; }'",
  ],
];
const LEFTOVERS: Readonly<Record<string, readonly Leftover[]>> = {
  iptables: OF_IPTABLES,
  nftables: OF_NFTABLES,
};

/** The names of the processes of a machine. */
async function running(machine: Namespace): Promise<string[]> {
  const pids = await machine.must("ip", ["netns", "pids", machine.netns]);
  const list = pids.trim().replaceAll("\n", ",");
  const { stdout } = await machine.run("ps", ["-o", "comm=,args=", "-p", list]);
  // What asks is not meant.
  return stdout.trim().split("\n").filter((each) => !/^(ip|ps) /.test(each));
}

engineTest("a start takes over whatever a crash left, and doubles nothing", async (engine) => {
  await using lab = await Lab.create({ peers: ["user"] });
  const sshd = await startSshd(lab.server);
  const before = await snapshot(lab.server);
  for (const [what, commands] of LEFTOVERS[engine]!) {
    const killed = await startServe(lab.server, { engine });
    const whole = ours(await snapshot(lab.server));
    await killed.kill();
    await waitFor(
      async () => (await running(lab.server)).every((each) => each.startsWith("sshd")),
      {
        what: "end of all that serve ran",
      },
    );
    const env = { HOME: lab.server.home };
    await lab.server.must("sh", ["-c", `(${commands}) 2>/dev/null`], { env });
    const serve = await startServe(lab.server, { engine });
    assertEquals(ours(await snapshot(lab.server)), whole, what);
    assert(await loginNow(lab.user, sshd, lab.server.address4, serve), what);
    assertEquals((await serve.stop()).code, 0);
    assertEquals(await snapshot(lab.server), before, what);
  }
});

engineTest(
  "serve --undo removes what a crash left, and leaves a running serve alone",
  async (engine) => {
    await using lab = await Lab.create({ peers: [] });
    await startSshd(lab.server);
    const before = await snapshot(lab.server);
    const serve = await startServe(lab.server, { engine });
    const refused = await lab.server.c3po(["serve", "--undo"]);
    assertEquals(refused.code, 1);
    assertMatch(refused.stderr, /^c3po: error: c3po serve is already running here, process \d+$/m);
    await serve.kill();
    assertEquals((await lab.server.c3po(["serve", "--undo"])).code, 0);
    assertEquals(await snapshot(lab.server), before);
  },
  FILTERS,
);

engineTest("from a serve that hands over to the next one nothing is open", async (engine) => {
  await using lab = await Lab.create({ peers: ["user"] });
  const sshd = await startSshd(lab.server);
  const before = await snapshot(lab.server);
  const service = { engine, env: { NOTIFY_SOCKET: "/nonexistent" } }; // as systemd does
  const first = await startServe(lab.server, service);
  const watch = watchPort22(lab);
  first.child.kill("SIGUSR2");
  await first.event("handed_over");
  await first.child.finished();
  const second = await startServe(lab.server, service);
  assertEquals(await watch.end(), ["timeout"]);
  assert(await loginNow(lab.user, sshd, lab.server.address4, second));
  await second.stop();
  assertEquals(await snapshot(lab.server), before);
});

/** Connects to sshd's own port again and again. */
function watchPort22(lab: Lab): { end(): Promise<string[]> } {
  let isOver = false;
  const seen = new Set<string>();
  const watching = (async () => {
    do seen.add(await probe(lab.user, lab.server.address4, 22, 200)); while (!isOver);
  })();
  watching.catch(() => {}); // told at the end; a test that fails before tells why itself
  return {
    end: async () => {
      isOver = true;
      await watching;
      return [...seen];
    },
  };
}

/** Which engine takes over from which. */
const CHANGES: readonly (readonly [Filter, Filter])[] = [
  ["iptables", "nftables"],
  ["nftables", "iptables"],
  ["iptables-legacy", "iptables"],
  ["iptables", "iptables-legacy"],
  ["iptables-legacy", "nftables"],
];

for (const [from, to] of CHANGES) {
  kernelTest(`${to}: what ${from} left goes, but for its bans and sessions`, async () => {
    await using lab = await Lab.create();
    const sshd = await startSshd(lab.server);
    const alone = await startServe(lab.server, { engine: to });
    const whole = ours(await snapshot(lab.server));
    await alone.stop();
    const before = await snapshot(lab.server);
    const old = await startServe(lab.server, { engine: from });
    const session = await Session.open(
      lab.user,
      sshd,
      lab.server.address4,
      (await old.ports()).ssh,
    );
    const [trap] = (await old.ports()).traps;
    for (const address of [lab.server.address4, lab.server.address6]) {
      await syn(lab.attacker, address, trap!);
    }
    await old.kill();
    const watch = watchPort22(lab);
    const serve = await startServe(lab.server, { engine: to });
    assertEquals(await watch.end(), ["timeout"], "sshd's port opens in between");
    assertEquals(ours(await snapshot(lab.server)), whole);
    await session.answers();
    for (const address of [lab.server.address4, lab.server.address6]) {
      assert(await loginNow(lab.user, sshd, address, serve));
      assertEquals(await syn(lab.attacker, address, (await serve.ports()).ssh), "closed");
    }
    await session.close();
    await serve.stop();
    assertEquals(await snapshot(lab.server), before);
  }, isTestable(from) ? to : from);
}

import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import {
  type Child,
  kernelTest,
  Lab,
  legacyTools,
  login,
  loginNow,
  serveWith,
  snapshot,
  startSshd,
} from "./lab.ts";

/** What a crash, or another version, can leave, made from what a killed `serve` left. */
const LEFTOVERS: readonly [string, string][] = [
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

kernelTest("a start takes over whatever a crash left, and doubles nothing", async () => {
  await using lab = await Lab.create({ peers: ["user"] });
  const sshd = await startSshd(lab.server);
  const before = await snapshot(lab.server);
  for (const [what, command] of LEFTOVERS) {
    const killed = await serveWith(lab.server);
    const whole = rules(await snapshot(lab.server));
    await killed.stop("SIGKILL");
    await killed.finished();
    await lab.server.must("sh", ["-c", `(${command}) 2>/dev/null`]);
    const serve = await serveWith(lab.server);
    assertEquals(rules(await snapshot(lab.server)), whole, what);
    assert(await loginNow(lab.user, sshd, lab.server.address4), what);
    assertEquals((await serve.stop()).code, 0);
    assertEquals(await snapshot(lab.server), before, what);
  }
});

kernelTest("serve --undo removes what a crash left, and leaves a running serve alone", async () => {
  await using lab = await Lab.create({ peers: [] });
  await startSshd(lab.server);
  const before = await snapshot(lab.server);
  const serve = await serveWith(lab.server);
  const refused = await lab.server.c3po(["serve", "--undo"]);
  assertEquals(refused.code, 1);
  assertMatch(refused.stderr, /^c3po: error: c3po serve is already running here, process \d+$/m);
  await serve.stop("SIGKILL");
  await serve.finished();
  assertEquals((await lab.server.c3po(["serve", "--undo"])).code, 0);
  assertEquals(await snapshot(lab.server), before);
});

kernelTest(
  "what a crash left in the tables of the other iptables goes with the next start",
  async () => {
    await using lab = await Lab.create({ peers: ["user"] });
    const sshd = await startSshd(lab.server);
    const old = await serveWith(lab.server, { tools: await legacyTools(lab.server) });
    await old.stop("SIGKILL");
    await old.finished();
    assertMatch(await lab.server.must("iptables-legacy-save", []), /C3PO-/);
    const serve = await serveWith(lab.server);
    assertEquals((await lab.server.must("iptables-legacy-save", [])).includes("C3PO-"), false);
    assertEquals((await lab.server.must("ip6tables-legacy-save", [])).includes("C3PO-"), false);
    assert(await loginNow(lab.user, sshd, lab.server.address4));
    await serve.stop();
  },
);

kernelTest("the dead man's switch opens plain SSH after two minutes, or does not", async (t) => {
  await using open = await Lab.create({ peers: ["user"] });
  await using closed = await Lab.create({ peers: ["user"] });
  const cases = await Promise.all([[open, "open"] as const, [closed, "closed"] as const].map(
    async ([lab, fail]) => {
      const sshd = await startSshd(lab.server);
      const serve: Child = await serveWith(lab.server, { args: ["--fail", fail] });
      await serve.stop("SIGKILL");
      assertEquals(await login(lab.user, sshd, lab.server.address4, sshd.port, 1), false);
      return { lab, sshd, fail };
    },
  ));
  await delay(120_000);
  for (const { lab, sshd, fail } of cases) {
    await t.step(`--fail ${fail}`, async () => {
      const isOpen = fail === "open";
      assertEquals(await login(lab.user, sshd, lab.server.address4, sshd.port), isOpen);
      assertEquals(await login(lab.user, sshd, lab.server.address6, sshd.port), isOpen);
      const sets = await lab.server.must("ipset", ["save"]);
      assertEquals(/^add c3po-(ssh|trap) /m.test(sets), false, "ports are open");
    });
  }
});

function rules(text: string): string[] {
  return text.split("\n").filter((line) => line.startsWith("-A "));
}

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import {
  type Child,
  foreign,
  kernelTest,
  Lab,
  legacyTools,
  login,
  loginNow,
  ours,
  serveWith,
  snapshot,
  type Sshd,
  startSshd,
  waitFor,
} from "./lab.ts";

/**
 * What other tools do to rules and sets, beside what ufw and firewalld do in neighbours_test.ts; `T` and `S` stand
 * for iptables and iptables-restore of a backend.
 */
const DISTURBANCES: readonly [string, string, RegExp][] = [
  [
    "iptables -F in every table",
    "for f in T 6T; do for t in raw mangle nat filter; do $f -t $t -F; done; done",
    /rules of filter C3PO-IN.*jump from filter INPUT/,
  ],
  [
    "the filter table replaced, as by netfilter-persistent",
    "printf '*filter\\n:INPUT DROP\\n:FORWARD DROP\\n:OUTPUT ACCEPT\\n:guests -\\n" +
    "-A INPUT -p icmp -j ACCEPT\\n-A INPUT -j guests\\n-A guests -i lo -j ACCEPT\\nCOMMIT\\n' | S",
    /chain filter C3PO-IN.*jump from filter INPUT/,
  ],
  [
    "rules put above ours, as by Docker",
    "T -t nat -N DOCKER; T -t nat -I PREROUTING -m addrtype --dst-type LOCAL -j DOCKER; " +
    "T -t nat -A DOCKER -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80; " +
    "T -I INPUT -p tcp --dport 8080 -j ACCEPT; T -t nat -A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE",
    /first place in/,
  ],
  ["IPv6 alone", "6T -F", /gone="IPv6 rules of filter C3PO-IN, IPv6 jump from filter INPUT"/],
  ["one rule changed", "6T -R C3PO-IN 4 -p udp -j DROP", /IPv6 changed rules of filter C3PO-IN/],
  // A change of ports between two looks hides sshd's port again.
  ["the sets emptied", "ipset flush", /gone="(set c3po-hidden, )?set c3po-ssh, set c3po-trap"/],
  [
    "rules flushed and sets destroyed",
    "for f in T 6T; do for t in raw nat filter; do $f -t $t -F; $f -t $t -X; done; done; " +
    "until ipset destroy 2>/dev/null; do sleep 0.01; done",
    /rules.*set c3po-hidden/,
  ],
];

for (const backend of ["nft", "legacy"] as const) {
  kernelTest(`what other tools do to the rules is undone (${backend})`, async () => {
    await using lab = await Lab.create({ peers: ["user"] });
    const sshd = await startSshd(lab.server);
    const tools = backend === "legacy" ? { tools: await legacyTools(lab.server) } : {};
    const serve = await serveWith(lab.server, tools);
    for (const [what, command, gone] of DISTURBANCES) {
      await disturb(lab, sshd, serve, translate(command, backend), gone).catch((error) => {
        throw new Error(`${what}:\n${serve.text()}`, { cause: error });
      });
    }
    assertEquals((await serve.stop()).code, 0);
    assertEquals((await snapshot(lab.server)).includes("C3PO-"), false);
    assertEquals((await snapshot(lab.server)).includes("c3po-"), false);
  });
}

kernelTest("rules flushed by nft itself are back, too", async () => {
  await using lab = await Lab.create({ peers: ["user"] });
  const sshd = await startSshd(lab.server);
  const serve = await serveWith(lab.server);
  const command = "nft flush ruleset; until ipset destroy 2>/dev/null; do sleep 0.01; done";
  await disturb(lab, sshd, serve, command, /gone="IPv4 rules, IPv6 rules, set c3po-hidden/);
  await serve.stop();
});

/** Goes on changing rules of its own, until something is so. */
const CHANGE_UNTIL = (so: string): string =>
  `while ! ${so}; do iptables -N busy; iptables -X busy; done`;

kernelTest("a tool that is at work on the rules is not got in the way of", async () => {
  await using lab = await Lab.create({ peers: ["user"] });
  const serve = await serveWith(lab.server);
  const whole = ours(await snapshot(lab.server));
  // As ufw does, with its builtins managed: a chain that is in use again is an error to it.
  const reload = "t=${EPOCHREALTIME/./}; iptables -F; ip6tables -F; " +
    CHANGE_UNTIL("(( ${EPOCHREALTIME/./} - t > 1000000 ))") + "; ip6tables -X && iptables -X";
  await lab.server.must("bash", ["-c", reload]);
  await serve.waitForLine(/whole again/);
  assertEquals(ours(await snapshot(lab.server)), whole);
  assertEquals((await serve.stop()).code, 0);
});

kernelTest("a tool that never stops changing rules does not keep ours away", async () => {
  await using lab = await Lab.create({ peers: ["user"] });
  const serve = await serveWith(lab.server);
  const whole = ours(await snapshot(lab.server));
  const done = join(lab.server.directory, "done");
  const script = "iptables -F; " + CHANGE_UNTIL('[ -e "$0" ]');
  const changing = lab.server.must("bash", ["-c", script, done]);
  try {
    await serve.waitForLine(/whole again/);
  } finally {
    await Deno.writeTextFile(done, "");
    await changing;
  }
  assertEquals(ours(await snapshot(lab.server)), whole);
  assertEquals((await serve.stop()).code, 0);
});

async function disturb(
  lab: Lab,
  sshd: Sshd,
  serve: Child,
  command: string,
  gone: RegExp,
): Promise<void> {
  const before = serve.lines.length;
  const whole = ours(await snapshot(lab.server));
  // What the others have then is read in the same breath: later it would have us in it again.
  await lab.server.must("sh", ["-c", command]);
  const theirs = foreign(await snapshot(lab.server));
  await serve.waitForLine(/whole again/, 60_000, before);
  await waitFor(async () => assertEquals(ours(await snapshot(lab.server)), whole) ?? true, {
    what: "return of the rules",
  });
  assertEquals(foreign(await snapshot(lab.server)), theirs);
  // A tool that takes its time may be met in the middle of its work: then there is a second warning.
  const log = serve.lines.slice(before).map(({ text }) => text);
  assertMatch(log.filter((line) => line.includes("another tool")).join(" "), gone);
  assert(await loginNow(lab.user, sshd, lab.server.address4));
  assert(await loginNow(lab.user, sshd, lab.server.address6));
  assertEquals(await login(lab.user, sshd, lab.server.address4, sshd.port, 1), false);
}

function translate(command: string, backend: "nft" | "legacy"): string {
  return command.replace(/\b6T\b/g, `ip6tables-${backend}`).replace(/\bT\b/g, `iptables-${backend}`)
    .replace(/\bS\b/g, `iptables-${backend}-restore`);
}

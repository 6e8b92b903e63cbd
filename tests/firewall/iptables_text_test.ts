import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import {
  addEntry,
  createSets,
  drainSets,
  elementOf,
  fillSet,
  fillSets,
  parseEntries,
} from "../../src/firewall/iptables/ipset_text.ts";
import { placeSets } from "../../src/firewall/iptables/door_network_chains.ts";
import type { ClosedPortReply } from "../../src/firewall/iptables/input_rules.ts";
import { policyChains } from "../../src/firewall/iptables/policy_chains.ts";
import { emptySetsText } from "../../src/firewall/iptables/prepare.ts";
import { restoreText, rewriteText } from "../../src/firewall/iptables/restore_text.ts";
import type { Chain } from "../../src/firewall/iptables/rules.ts";
import {
  HOOKED,
  parseChain,
  parseSaved,
  printSaved,
} from "../../src/firewall/iptables/saved_rules.ts";
import {
  allowSet,
  banSet,
  doorSet,
  hitSet,
  nextOf,
  SPARE,
  SPARE_PLACES,
} from "../../src/firewall/iptables/sets.ts";
import { windowChains, windowSets } from "../../src/firewall/iptables/window_chains.ts";
import type { Policy } from "../../src/firewall/policy.ts";
import { POLICY, windowAt } from "./policies.ts";

/** Minute 1280 has slot 0. */
const WINDOWS = [windowAt(1280, 5000, [5001, 5002]), windowAt(1281, 6000, [6001])];

function chainsOf(
  policy: Partial<Policy> = {},
  family: 4 | 6 = 4,
  refusal: ClosedPortReply = "reset",
): Chain[] {
  const complete = { ...POLICY, ...policy };
  return [
    ...policyChains(family, complete, refusal),
    ...windowChains(family, complete, WINDOWS, refusal),
  ];
}

function textOf(policy: Partial<Policy> = {}, family: 4 | 6 = 4): string {
  return restoreText(chainsOf(policy, family), new Map());
}

function linesOf(chain: string, policy: Partial<Policy> = {}): string[] {
  return textOf(policy).split("\n").filter((line) => line.startsWith(`-A ${chain} `))
    .map((line) => line.slice(`-A ${chain} `.length));
}

Deno.test("both families have the same rules, but for the names of their sets and nobody's addresses", () => {
  const plain = (family: 4 | 6): string =>
    textOf({}, family).replace(/^-A (C3PO-TRAP -s|.* c3po-net6 ).*\n/gm, "").replace(
      /(allow|ban|trust|hit|coming|came|pending|confirmed)[46]/g,
      "$1",
    );
  assertEquals(plain(6), plain(4));
});

Deno.test("a banned address meets this machine as if C3PO had opened nothing, unless it is allowed", () => {
  assertEquals(linesOf("C3PO-NAT"), [
    "-m set --match-set c3po-ban4 src -m set ! --match-set c3po-allow4 src -j RETURN",
    "-j C3PO-OPEN",
  ]);
});

Deno.test("strangers of an IPv6 network that is banned whole are met as banned ones are", () => {
  const lines = textOf({}, 6).split("\n").filter((line) => line.includes(" c3po-net6 "));
  const strangers = "-m set --match-set c3po-net6 src -m set ! --match-set c3po-allow6 src " +
    "-m set ! --match-set c3po-trust6 src";
  assert(lines.includes(`-A C3PO-NAT ${strangers} -j RETURN`));
  assertEquals(lines.filter((line) => line.includes(strangers)), lines);
  assertEquals(lines.map((line) => line.split(" ")[1]).sort(), [
    "C3PO-DENY",
    "C3PO-DENY",
    "C3PO-NAT",
  ]);
});

Deno.test("the kernel's clock says which window a packet falls into, in whole seconds of UTC", () => {
  assertEquals(linesOf("C3PO-OPEN"), [
    "-m time --datestart 1970-01-01T21:19:45 --datestop 1970-01-01T21:21:14 -j C3PO-W0",
    "-m time --datestart 1970-01-01T21:20:45 --datestop 1970-01-01T21:22:14 -j C3PO-W1",
  ]);
});

Deno.test("in a window a door wins over traps, and what listens over traps, but the hidden port", () => {
  assertEquals(linesOf("C3PO-W1"), [
    "-m set --match-set c3po-ssh-1 dst -g C3PO-TO-ssh",
    "-p tcp -m set --match-set c3po-0-1 dst --dport 22 -g C3PO-TRAP",
    "-m set --match-set c3po-0-1 dst -m socket --nowildcard -j RETURN",
    "-m set --match-set c3po-0-1 dst -g C3PO-TRAP",
  ]);
});

Deno.test("a connection that was begun through a port goes on only while that port is open", () => {
  const during = (from: string, to: string, set: string): string =>
    `-m time --datestart 1970-01-01T${from} --datestop 1970-01-01T${to} ` +
    `-m set --match-set ${set} dst -j RETURN`;
  assertEquals(linesOf("C3PO-HELD"), [
    during("21:19:45", "21:21:14", "c3po-ssh-0"),
    during("21:20:45", "21:22:14", "c3po-ssh-1"),
    "-m conntrack --ctstate DNAT --ctreplsrcport 22 -j DROP",
  ]);
});

Deno.test("the hidden port answers again behind the last window, or never", () => {
  const end = "-m time --datestop 1970-01-01T21:22:14";
  assertEquals(linesOf("C3PO-HIDE"), [`-p tcp --dport 22 ${end} -j DROP`]);
  const services = POLICY.services.map((service) => ({ ...service, fail: "closed" as const }));
  assertEquals(linesOf("C3PO-HIDE", { services }), ["-p tcp --dport 22 -j DROP"]);
  const open = POLICY.services.map((service) => ({ ...service, hidden: false }));
  assertEquals(linesOf("C3PO-HIDE", { services: open }), []);
});

Deno.test("in a minute whose door is the service's own port, that is not hidden", () => {
  const chains = windowChains(4, POLICY, [windowAt(1280, 22)], "reset");
  const text = restoreText(chains.filter(({ name }) => name === "C3PO-HIDE"), new Map());
  assertStringIncludes(
    text,
    "-A C3PO-HIDE -p tcp --dport 22 -m time --datestart 1970-01-01T21:19:45 " +
      "--datestop 1970-01-01T21:21:14 -j RETURN\n-A C3PO-HIDE -p tcp --dport 22",
  );
});

Deno.test("the first packet to a trap bans with syn, and is only noted with handshake", () => {
  const ban = "-m set ! --match-set c3po-trust4 src " +
    "-j SET --add-set c3po-ban4 src --exist --timeout 900";
  assertEquals(linesOf("C3PO-TRAP").filter((line) => line.includes("c3po-ban4")), [ban]);
  const handshake = linesOf("C3PO-TRAP", { trigger: "handshake" });
  assertEquals(handshake.filter((line) => line.includes("c3po-ban4")), []);
  assertEquals(handshake.filter((line) => line.includes("--add-set c3po-hit4 src,dst")).length, 1);
});

Deno.test("a completed connection to a trap bans with either, and never shortens a ban", () => {
  for (const trigger of ["syn", "handshake"] as const) {
    assertEquals(
      linesOf("C3PO-CONFIRM", { trigger })[0],
      "-m set ! --match-set c3po-allow4 src -j SET --add-set c3po-ban4 src --timeout 900",
    );
  }
});

Deno.test("nobody's addresses and this machine's own are never banned by a packet", () => {
  const before = linesOf("C3PO-TRAP").slice(0, 5);
  assertEquals(before, [
    "-s 0.0.0.0/8 -g C3PO-PIT",
    "-s 127.0.0.0/8 -g C3PO-PIT",
    "-s 224.0.0.0/3 -g C3PO-PIT",
    "-m addrtype --src-type LOCAL -g C3PO-PIT",
    "-m set --match-set c3po-allow4 src -g C3PO-PIT",
  ]);
});

Deno.test("whoever comes through a door or to a trap leaves a mark at the port", () => {
  const mark = "-j SET --add-set c3po-touched dst --exist --timeout 3600";
  for (const trigger of ["syn", "handshake"] as const) {
    for (const chain of ["C3PO-TRAP", "C3PO-CAME", "C3PO-CONFIRM"]) {
      assertEquals(linesOf(chain, { trigger }).filter((line) => line === mark).length, 1, chain);
    }
  }
});

Deno.test("a ban of scope all drops every new connection, before the kernel tracks it", () => {
  assertEquals(linesOf("C3PO-PRE"), []);
  assertEquals(linesOf("C3PO-PRE", { scope: "all" }), [
    "-m set --match-set c3po-ban4 src -m set ! --match-set c3po-allow4 src -j DROP",
  ]);
});

Deno.test("nothing is let into a service unless the administrator says so", () => {
  const accepting = (openFirewall: boolean): string[] =>
    textOf({ openFirewall }).split("\n").filter((line) => line.endsWith("-j ACCEPT"));
  const tarpit = "-A C3PO-IN -p tcp --dport 61023 -m conntrack --ctstate DNAT -j ACCEPT";
  assertEquals(accepting(false), [tarpit]);
  assertEquals(accepting(true), [tarpit, "-A C3PO-LET -j ACCEPT"]);
});

Deno.test("nothing begins a connection to a service from a banned address, whatever became of the rest", () => {
  assertEquals(
    linesOf("C3PO-DENY")[2],
    "-p tcp --dport 22 --syn -m set --match-set c3po-ban4 src " +
      "-m set ! --match-set c3po-allow4 src -j DROP",
  );
});

Deno.test("every jump takes only what comes from outside, first in its chain but where others forward", () => {
  const jumps = textOf({ openFirewall: true, scope: "all" }).split("\n").filter((line) =>
    / -j C3PO-(PRE|NAT|HELD|CAME|DENY|IN|LET)$/.test(line)
  );
  const asking = "-p tcp ! -i lo --syn -m addrtype --dst-type LOCAL";
  assertEquals(jumps, [
    `-I PREROUTING 1 ${asking} -j C3PO-PRE`,
    "-I INPUT 1 -p tcp ! -i lo -m multiport --dports 22,61023 -j C3PO-DENY",
    "-I PREROUTING 1 -p tcp ! -i lo --tcp-flags ACK,RST ACK -m conntrack --ctstate DNAT " +
    "-m conntrack --ctstate ESTABLISHED -j C3PO-CAME",
    "-I PREROUTING 1 -p tcp ! -i lo --syn -m conntrack --ctstate DNAT -j C3PO-HELD",
    "-I INPUT 1 -p tcp ! -i lo -m multiport --dports 22,61023 -j C3PO-IN",
    "-A INPUT -p tcp ! -i lo --dport 22 -m conntrack --ctstate DNAT -j C3PO-LET",
    `-A PREROUTING ${asking} -j C3PO-NAT`,
  ]);
});

const SAVED = parseSaved(`# Generated
*filter
:INPUT ACCEPT [0:0]
:C3PO-IN - [0:0]
:C3PO-OLD - [0:0]
:OTHER - [0:0]
-A INPUT -j OTHER
-A INPUT ! -i lo -p tcp -m multiport --dports 22,61023 -j C3PO-IN
-A INPUT -j DROP
-A OTHER -p tcp -g C3PO-OLD
-A C3PO-IN -p tcp -j C3PO-OLD
-A OTHER -p udp -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -j DNAT --to-destination 10.0.0.2
COMMIT
`);

Deno.test("readings of rules differ by rules, chains and policies, and not by counts of packets", () => {
  const text = "*filter\n:INPUT ACCEPT [0:0]\n:OTHER - [0:0]\n-A INPUT -j OTHER\nCOMMIT\n";
  const print = (of: string, by: string): string => printSaved(parseSaved(text.replace(of, by)));
  const before = printSaved(parseSaved(text));
  assertEquals(print("[0:0]", "[7:420]"), before);
  const changes = [["ACCEPT", "DROP"], [":OTHER - [0:0]\n", ""], ["-j OTHER", "-j DROP"], [
    "*filter",
    "*raw",
  ]];
  for (const [of, by] of changes) assertNotEquals(print(of!, by!), before, of);
});

Deno.test("a restore takes out the jumps that are there before it puts one in their place", () => {
  const chains = chainsOf().filter(({ name }) => name === "C3PO-IN");
  const lines = restoreText(chains, SAVED).split("\n");
  assertEquals(lines.slice(0, 6), [
    "*filter",
    ":C3PO-IN - [0:0]",
    "-D INPUT ! -i lo -p tcp -m multiport --dports 22,61023 -j C3PO-IN",
    "-D OTHER -p tcp -g C3PO-OLD",
    "-F C3PO-OLD",
    "-X C3PO-OLD",
  ]);
});

Deno.test("what lets in comes behind the rules about sources and before the one that denies", () => {
  const chains = chainsOf({ openFirewall: true }).filter(({ table }) => table === "filter");
  const jumps = restoreText(chains, SAVED).split("\n").filter((line) => line.startsWith("-I"));
  assertEquals(jumps, [
    "-I INPUT 1 -p tcp ! -i lo -m multiport --dports 22,61023 -j C3PO-IN",
    "-I INPUT 3 -p tcp ! -i lo --dport 22 -m conntrack --ctstate DNAT -j C3PO-LET",
  ]);
});

Deno.test("a removal asks every chain from which a rule leads to ours", () => {
  const door = "2001:db8:0:1::/64";
  const chains = ([4, 6] as const).flatMap((family) => [
    ...chainsOf({ openFirewall: true }, family),
    ...(family === 6 ? chainsOf({ door }, family) : []),
  ]);
  const hooked = chains.filter(({ hook }) => hook !== undefined);
  assert(hooked.length > 10);
  for (const { table, name, hook } of hooked) {
    assert(HOOKED[table]?.includes(hook!.chain), `${name} in ${table}`);
  }
});

Deno.test("a chain is read as iptables prints it alone", () => {
  assertEquals(parseChain("-P INPUT DROP\n-A INPUT -p tcp -j C3PO-IN\n"), {
    policy: "DROP",
    rules: ["-A INPUT -p tcp -j C3PO-IN"],
  });
  assertEquals(parseChain("-N C3PO-IN\n"), { policy: "-", rules: [] });
});

Deno.test("a restore of no chains removes ours, all of them and nothing else", () => {
  assertEquals(
    restoreText([], SAVED),
    `*filter
-D INPUT ! -i lo -p tcp -m multiport --dports 22,61023 -j C3PO-IN
-D OTHER -p tcp -g C3PO-OLD
-F C3PO-IN
-F C3PO-OLD
-X C3PO-IN
-X C3PO-OLD
COMMIT
`,
  );
  assertEquals(restoreText([], parseSaved("*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n")), "");
});

Deno.test("new windows rewrite the chains of windows alone, and remove those of the past", () => {
  const fresh = windowChains(4, POLICY, [windowAt(1282, 7000)], "reset");
  const [stale] = windowChains(4, POLICY, [windowAt(1280, 5000)], "reset").slice(-1);
  const text = rewriteText(fresh, [stale!]);
  assertEquals(text.match(/^-[IDF] .*/gm), null, "no jump of another chain is touched");
  assertStringIncludes(text, ":C3PO-W0 - [0:0]\n");
  assertStringIncludes(text, "-X C3PO-W0\nCOMMIT\n");
  assertEquals(text.indexOf("*mangle") < text.indexOf("*nat"), true, "denials come first");
});

Deno.test("sets are made for a million bans, and an old ban makes room for a new one", () => {
  const text = createSets([banSet(4), banSet(6), allowSet(6)]);
  assertEquals(text.split("\n"), [
    "create c3po-ban4 hash:ip family inet hashsize 262144 maxelem 1048576 timeout 0 forceadd -exist",
    "create c3po-ban6 hash:ip family inet6 netmask 64 hashsize 262144 maxelem 1048576 timeout 0 forceadd -exist",
    "create c3po-allow6 hash:net family inet6 maxelem 131072 -exist",
    "",
  ]);
});

Deno.test("the ports of a window are prepared in a set that no rule looks at, and put in at once", () => {
  const [doors, traps] = windowSets(POLICY, WINDOWS);
  assertEquals([doors!.set.name, doors!.elements], ["c3po-ssh-0", ["5000"]]);
  assertEquals([traps!.set.name, traps!.elements], ["c3po-0-0", ["5001", "5002"]]);
  assertEquals(
    fillSet(doorSet("ssh", 0), ["5000"], SPARE),
    "create c3po-ssh-0 bitmap:port range 0-65535 -exist\nadd c3po-spare 5000\n" +
      "swap c3po-ssh-0 c3po-spare\nflush c3po-spare\n",
  );
  assertEquals(textOf().includes(SPARE.name), false);
});

Deno.test("a connection that was begun at an address of a door goes on only while that address is open", () => {
  const text = textOf({ door: "2001:db8:0:aa::/64" }, 6);
  const lines = text.split("\n").filter((line) => / C3PO-(ADDR-)?HELD /.test(line));
  const during = (from: string, to: string, slot: number): string =>
    `-m time --datestart 1970-01-01T${from} --datestop 1970-01-01T${to} ` +
    `-m set --match-set c3po-6-ssh-${slot} dst,dst -j RETURN`;
  assertEquals(lines.filter((line) => line.startsWith("-A C3PO-ADDR-HELD ")), [
    `-A C3PO-ADDR-HELD ${during("21:19:45", "21:21:14", 0)}`,
    `-A C3PO-ADDR-HELD ${during("21:20:45", "21:22:14", 1)}`,
    "-A C3PO-ADDR-HELD -j DROP",
  ]);
  const [first] = lines.filter((line) => line.startsWith("-A C3PO-HELD "));
  assertEquals(first, "-A C3PO-HELD -d 2001:db8:0:aa::/64 -g C3PO-ADDR-HELD");
  assertEquals(textOf({ door: "2001:db8:0:aa::/64" }), textOf(), "IPv4 has no door");
});

Deno.test("addresses of a door are put into sets of their own, with a spare that goes again", () => {
  const address = "2001:db8:0:aa::7";
  const addressDoors = [{ service: "ssh", user: "default", address, port: 5000 }];
  const policy = { ...POLICY, door: "2001:db8:0:aa::/64" };
  const sets = placeSets(policy, [{ ...WINDOWS[0]!, addressDoors }]);
  assertEquals(
    fillSets(sets, SPARE_PLACES),
    "create c3po-6-spare hash:ip,port family inet6 -exist\nflush c3po-6-spare\n" +
      "create c3po-6-ssh-0 hash:ip,port family inet6 -exist\nadd c3po-6-spare 2001:db8:0:aa::7,5000\n" +
      "swap c3po-6-ssh-0 c3po-6-spare\nflush c3po-6-spare\ndestroy c3po-6-spare\n",
  );
  assertEquals([fillSets([], SPARE_PLACES), placeSets(POLICY, WINDOWS)], ["", []]);
});

Deno.test("sets that saved rules name are made as those that serve fills", () => {
  assertEquals(
    emptySetsText(["c3po-6-ssh-12", "c3po-ssh-12", "c3po-0-12", "c3po-other"]),
    "create c3po-6-ssh-12 hash:ip,port family inet6 -exist\n" +
      "create c3po-ssh-12 bitmap:port range 0-65535 -exist\n" +
      "create c3po-0-12 bitmap:port range 0-65535 -exist\n",
  );
});

Deno.test("entries are read from what ipset prints, with the time they have left", () => {
  const saved =
    "create c3po-ban4 hash:ip family inet timeout 0\nadd c3po-ban4 192.0.2.1 timeout 88\n" +
    "add c3po-ban4 192.0.2.2 timeout 0\nadd other 192.0.2.3\n";
  assertEquals(parseEntries(saved, banSet(4)), [
    { element: "192.0.2.1", seconds: 88 },
    { element: "192.0.2.2", seconds: null },
  ]);
  assertEquals(parseEntries("add c3po-allow6 2001:db8::/32\n", allowSet(6)), [
    { element: "2001:db8::/32", seconds: null },
  ]);
});

Deno.test("hits are taken out of their set in one go", () => {
  assertEquals(
    drainSets([[hitSet(4), nextOf(hitSet(4))]]),
    "swap c3po-hit4 c3po-next-hit4\nlist c3po-next-hit4\nflush c3po-next-hit4\n",
  );
});

Deno.test("the kernel gets a /64 by its first address", () => {
  assertEquals(elementOf({ family: 6, text: "2001:db8::/64" }), "2001:db8::");
  assertEquals(addEntry(banSet(4), "192.0.2.1", 9), "add c3po-ban4 192.0.2.1 timeout 9 -exist\n");
});

Deno.test("where the kernel finds the sockets of connections itself, no listener is taken for one", () => {
  const text = (family: 4 | 6): string =>
    restoreText(
      policyChains(family, POLICY, "reset", { is: "with a connection" }),
      new Map(),
    );
  for (const family of [4, 6] as const) {
    assertStringIncludes(text(family), "-A C3PO-DENY -m cgroup --path / -j RETURN\n");
    assertStringIncludes(text(family), "-A C3PO-IN -m cgroup --path / -j RETURN\n");
    const lookedUp = text(family).split("\n").filter((line) => line.includes("-m socket"));
    assertEquals(lookedUp, [
      "-A C3PO-DENY -m conntrack --ctstate ESTABLISHED -m socket -j RETURN",
      "-A C3PO-IN -m conntrack --ctstate ESTABLISHED -m socket -j RETURN",
    ], "only behind an answered SYN");
  }
});

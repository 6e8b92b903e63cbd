import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { FAMILIES } from "../../src/core/address.ts";
import { restoreText, rulesText } from "../../src/core/firewall/iptables.ts";
import {
  addEntry,
  createSets,
  drainSets,
  elementOf,
  parseEntries,
  stageOpening,
} from "../../src/core/firewall/ipset.ts";
import { type FirewallOptions, firewallPlan } from "../../src/core/firewall/plan.ts";
import { allowSet, banSet, hitSet, nextHitSet } from "../../src/core/firewall/sets.ts";

const OPTIONS: FirewallOptions = {
  families: FAMILIES,
  sshPort: 22,
  tarpitPort: 61023,
  trigger: "syn",
  scope: "ssh",
  banTime: 900,
};

function chainsOf(options: Partial<FirewallOptions> = {}, family: 4 | 6 = 4): string {
  return rulesText(firewallPlan({ ...OPTIONS, ...options }).chains.get(family)!);
}

Deno.test("both families have the same rules, but for the names of their sets", () => {
  const four = chainsOf({}, 4).replaceAll(/(allow|ban|friend|hit)4/g, "$16");
  assertEquals(chainsOf({}, 6), four);
});

Deno.test("an allowed address comes first, a banned one meets no C3PO, and SSH wins over traps", () => {
  const lines = chainsOf().split("\n").filter((line) => line.startsWith("-A C3PO-NAT"));
  assertEquals(lines, [
    "-A C3PO-NAT -m set --match-set c3po-allow4 src -j C3PO-OPEN",
    "-A C3PO-NAT -m set --match-set c3po-ban4 src -j RETURN",
    "-A C3PO-NAT -m set --match-set c3po-trap dst -m set ! --match-set c3po-ssh dst -j C3PO-TRAP",
    "-A C3PO-NAT -j C3PO-OPEN",
  ]);
});

Deno.test("the first packet to a trap bans with syn, and is only noted with handshake", () => {
  assertStringIncludes(chainsOf(), "-j SET --add-set c3po-ban4 src --exist --timeout 900\n");
  assertEquals(chainsOf({ trigger: "handshake" }).includes("--add-set c3po-ban4"), false);
  assertStringIncludes(chainsOf({ trigger: "handshake" }), "-j SET --add-set c3po-hit4 src,dst");
});

Deno.test("whoever comes to sshd or to a trap leaves a mark at the port", () => {
  const mark = "-j SET --add-set c3po-touched dst --exist --timeout 20";
  for (const trigger of ["syn", "handshake"] as const) {
    const lines = chainsOf({ trigger }).split("\n").filter((line) => line.includes("c3po-touched"));
    assertEquals(lines, [
      `-A C3PO-TRAP ${mark}`,
      `-A C3PO-OPEN -m set --match-set c3po-ssh dst ${mark}`,
    ]);
  }
});

Deno.test("a ban of scope all drops every new connection, before the kernel tracks it", () => {
  const raw = (scope: "ssh" | "all"): string[] =>
    chainsOf({ scope }).split("\n").filter((line) => line.startsWith("-A C3PO-PRE"));
  assertEquals(raw("ssh"), []);
  assertEquals(raw("all"), [
    "-A C3PO-PRE -m set --match-set c3po-allow4 src -j RETURN",
    "-A C3PO-PRE -m set --match-set c3po-ban4 src -j DROP",
  ]);
});

Deno.test("nothing opens a connection to sshd from a banned address, whatever became of the rest", () => {
  const [first] = chainsOf().split("\n").filter((line) => line.startsWith("-A C3PO-IN"));
  assertEquals(
    first,
    "-A C3PO-IN -p tcp -m multiport --dports 22 --syn -m set --match-set c3po-ban4 src " +
      "-m set ! --match-set c3po-allow4 src -j DROP",
  );
});

Deno.test("every jump takes only what opens a TCP connection to this machine from outside", () => {
  const jumps = chainsOf().split("\n").filter((line) => line.startsWith("-I "));
  assertEquals(
    jumps,
    [
      "-I PREROUTING 1 -p tcp ! -i lo --syn -m addrtype --dst-type LOCAL -j C3PO-NAT",
      "-I INPUT 1 -p tcp ! -i lo -m multiport --dports 22,61023 -j C3PO-IN",
    ].map((line) => line.replace("! -i lo -p tcp", "-p tcp ! -i lo")),
  );
});

const SAVED = `# Generated
*filter
:INPUT ACCEPT [0:0]
:C3PO-IN - [0:0]
:C3PO-OLD - [0:0]
:OTHER - [0:0]
-A INPUT -j OTHER
-A INPUT ! -i lo -p tcp -m multiport --dports 22,61023 -j C3PO-IN
-A OTHER -p tcp -j C3PO-OLD
-A C3PO-IN -p tcp -j C3PO-OLD
-A OTHER -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -j DNAT --to-destination 10.0.0.2
COMMIT
`;

Deno.test("a restore takes out the jumps that are there before it puts one at the top", () => {
  const [chain] = firewallPlan(OPTIONS).chains.get(4)!.filter(({ name }) => name === "C3PO-IN");
  const lines = restoreText([chain!], SAVED).split("\n");
  assertEquals(lines.slice(0, 6), [
    "*filter",
    ":C3PO-IN - [0:0]",
    "-D INPUT ! -i lo -p tcp -m multiport --dports 22,61023 -j C3PO-IN",
    "-D OTHER -p tcp -j C3PO-OLD",
    "-F C3PO-OLD",
    "-X C3PO-OLD",
  ]);
});

Deno.test("a restore of no chains removes ours, all of them and nothing else", () => {
  assertEquals(
    restoreText([], SAVED),
    `*filter
-D INPUT ! -i lo -p tcp -m multiport --dports 22,61023 -j C3PO-IN
-D OTHER -p tcp -j C3PO-OLD
-F C3PO-IN
-F C3PO-OLD
-X C3PO-IN
-X C3PO-OLD
COMMIT
`,
  );
  assertEquals(restoreText([], SAVED.replaceAll("C3PO", "THEIRS")), "");
});

Deno.test("sets are made for a million bans, and an old ban makes room for a new one", () => {
  const text = createSets([banSet(4), banSet(6), allowSet(6)]);
  assertEquals(text.split("\n"), [
    "create c3po-ban4 hash:ip family inet hashsize 262144 maxelem 1048576 timeout 0 forceadd -exist",
    "create c3po-ban6 hash:ip family inet6 netmask 64 hashsize 262144 maxelem 1048576 timeout 0 forceadd -exist",
    "create c3po-allow6 hash:net family inet6 maxelem 65536 -exist",
    "",
  ]);
});

Deno.test("a change of ports is prepared in sets that no rule looks at", () => {
  const opening = {
    minute: 1,
    ssh: [{ port: 5, seconds: 65 }],
    traps: [{ port: 6, seconds: 65 }],
    blocked: [],
    loaded: 0,
  };
  const text = stageOpening(opening);
  assertEquals(text.match(/c3po-(?!next-)/), null);
  assertMatch(text, /^flush c3po-next-ssh\nflush c3po-next-trap\n/);
  assertMatch(text, /COMMIT\n$/);
  assertEquals(chainsOf().includes("c3po-next-"), false);
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
    drainSets([[hitSet(4), nextHitSet(4)]]),
    "swap c3po-hit4 c3po-next-hit4\nlist c3po-next-hit4\nflush c3po-next-hit4\n",
  );
});

Deno.test("the kernel gets a /64 by its first address", () => {
  assertEquals(elementOf({ family: 6, text: "2001:db8::/64" }), "2001:db8::");
  assertEquals(addEntry(banSet(4), "192.0.2.1", 9), "add c3po-ban4 192.0.2.1 timeout 9 -exist\n");
});

import { assertEquals, assertMatch } from "@std/assert";
import { iptablesExemptions } from "../../src/firewall/other_tools/untracked/iptables_exemptions.ts";
import { natEnds } from "../../src/firewall/other_tools/untracked/nat_ends.ts";
import { nftExemptions } from "../../src/firewall/other_tools/untracked/nft_exemptions.ts";
import { parseRuleset } from "../../src/firewall/other_tools/forwards/nft_json.ts";
import type { Obstacle } from "../../src/firewall/firewall.ts";

const PORTS = [22, 61_023];

function inRaw(...rules: string[]): Obstacle[] {
  const text = `*raw\n:PREROUTING ACCEPT [0:0]\n${rules.join("\n")}\nCOMMIT\n`;
  return iptablesExemptions(text, { program: "iptables-nft", where: "IPv4", ports: PORTS });
}

function grade([first]: Obstacle[]): "total" | "partial" | "none" {
  return first === undefined ? "none" : first.isTotal ? "total" : "partial";
}

Deno.test("a rule that exempts everything from tracking is named, with the command that removes it", () => {
  assertEquals(inRaw("-A PREROUTING -p tcp -j CT --notrack"), [{
    what: '"-p tcp -j CT --notrack" of IPv4 raw PREROUTING exempts connections from tracking, ' +
      "so none of C3PO's ports can lead to sshd",
    remedy: "remove it, or limit it to the ports of other services: " +
      "iptables-nft -t raw -D PREROUTING -p tcp -j CT --notrack",
    isTotal: true,
  }]);
});

const RAW: readonly (readonly ["total" | "partial" | "none", string])[] = [
  ["total", "-A PREROUTING -j NOTRACK"],
  ["total", "-A OUTPUT -j CT --notrack"],
  ["total", "-A OUTPUT -p tcp -m tcp --sport 22 -j CT --notrack"],
  ["total", "-A PREROUTING -p tcp -m multiport ! --dports 80,443 -j NOTRACK"],
  ["total", "-A PREROUTING ! -i lo -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j CT --notrack"],
  ["partial", "-A PREROUTING -s 192.0.2.0/24 -j NOTRACK"],
  ["partial", "-A PREROUTING -i eth1 -j NOTRACK"],
  ["partial", "-A PREROUTING -m set --match-set fast src -j NOTRACK"],
  ["partial", "-A prepare -j NOTRACK"],
  ["none", "-A PREROUTING -i lo -j NOTRACK"],
  ["none", "-A OUTPUT -o lo -j NOTRACK"],
  ["none", "-A PREROUTING -p udp -m udp --dport 53 -j CT --notrack"],
  ["none", "-A PREROUTING -p tcp -m tcp --dport 443 -j CT --notrack"],
  ["none", "-A PREROUTING -p tcp -m tcp --dport 22 -j CT --notrack"],
  ["none", "-A OUTPUT -p tcp -m tcp --sport 443 -j CT --notrack"],
  ["none", "-A PREROUTING -p tcp -j CT --helper ftp"],
  ["none", "-A C3PO-PRE -j NOTRACK"],
];

for (const [expected, rule] of RAW) {
  Deno.test(`iptables: ${rule}: ${expected}`, () => {
    assertEquals(grade(inRaw(rule)), expected);
  });
}

Deno.test("iptables: a chain of its own exempts those who are sent there", () => {
  const chain = "-A prepare -j NOTRACK";
  const grades = (jump: string, rule = chain): string => grade(inRaw(jump, rule));
  assertEquals(
    [
      grades("-A PREROUTING -p tcp -j prepare"),
      grades("-A OUTPUT -g prepare"),
      grades("-A PREROUTING -s 192.0.2.0/24 -j prepare"),
      grades("-A PREROUTING -p tcp -m tcp --dport 443 -j prepare"),
      grades("-A PREROUTING -j prepare", "-A prepare -i eth1 -j NOTRACK"),
      grades("-A PREROUTING -j prepare", "-A prepare -p tcp -m tcp --dport 443 -j NOTRACK"),
      grade(inRaw("-A PREROUTING -j one", "-A one -j two", "-A two -j one", "-A two -j NOTRACK")),
    ],
    ["total", "total", "partial", "partial", "partial", "none", "total"],
  );
});

Deno.test("SYNPROXY is named in INPUT, and not where packets only pass through", () => {
  const rule = "-p tcp -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --sack-perm";
  const text = `*filter\n-A FORWARD ${rule}\n-A INPUT ${rule}\nCOMMIT\n`;
  const found = iptablesExemptions(text, { program: "iptables", where: "IPv4", ports: PORTS });
  assertEquals([found.length, grade(found)], [1, "total"]);
  assertMatch(found[0]!.what, /answers connections before they are tracked/);
});

function inNat(...rules: string[]): Obstacle[] {
  const text = `*nat\n${rules.join("\n")}\n-A PREROUTING -j C3PO-NAT\nCOMMIT\n`;
  return natEnds(text, { program: "iptables-nft", where: "IPv4", ports: PORTS });
}

Deno.test("a rule that ends nat for everything is named, with what to do about it", () => {
  // As firewalld 2.5 has it where it uses iptables.
  const found = inNat(
    "-A PREROUTING -j PREROUTING_dispatch",
    "-A PREROUTING_dispatch -j PRE_public_dispatch",
    "-A PRE_public_dispatch -j PRE_public",
    "-A PRE_public_dispatch -j ACCEPT",
    "-A OUTPUT -j OUT_HOST_to_public",
    "-A OUT_HOST_to_public -j ACCEPT",
    "-A POSTROUTING -j ACCEPT",
  );
  assertEquals(found, [{
    what: `"-j ACCEPT" of IPv4 nat PRE_public_dispatch ends nat before C3PO's rules, ` +
      "so none of C3PO's ports can lead to sshd",
    remedy: "use c3po serve --firewall nftables, or remove it: " +
      "iptables-nft -t nat -D PRE_public_dispatch -j ACCEPT",
    isTotal: true,
  }]);
});

const NAT: readonly (readonly ["total" | "partial" | "none", ...string[]])[] = [
  ["total", "-A PREROUTING -p tcp -j ACCEPT"],
  ["total", "-A PREROUTING ! -i lo -j ACCEPT"],
  ["partial", "-A PREROUTING -s 192.0.2.0/24 -j ACCEPT"],
  ["partial", "-A PREROUTING -i eth1 -j zone", "-A zone -j ACCEPT"],
  ["partial", "-A PREROUTING -j zone", "-A zone -i eth1 -j ACCEPT"],
  ["none", "-A PREROUTING -p udp -j ACCEPT"],
  ["none", "-A PREROUTING -i lo -j ACCEPT"],
  ["none", "-A PREROUTING -p tcp -m tcp --dport 443 -j ACCEPT"],
  ["none", "-A PREROUTING -p tcp -m tcp --dport 443 -j zone", "-A zone -j ACCEPT"],
  ["none", "-A PREROUTING -j RETURN"],
  ["none", "-A unused -j ACCEPT"],
  ["none", '-A PREROUTING -m comment --comment "see -j ACCEPT" -j RETURN'],
];

for (const [expected, ...rules] of NAT) {
  Deno.test(`nat: ${rules.join(", ")}: ${expected}`, () => {
    assertEquals(grade(inNat(...rules)), expected);
  });
}

function native(hook: string, ...expr: unknown[]): Obstacle[] {
  const at = { family: "inet", table: "fast" };
  const ruleset = {
    nftables: [
      { chain: { ...at, name: "raw", type: "filter", hook, prio: -300, policy: "accept" } },
      { rule: { ...at, chain: "raw", handle: 7, expr } },
    ],
  };
  return nftExemptions(parseRuleset(JSON.stringify(ruleset)), PORTS);
}

/** What a rule in a chain that only a jump leads to is. */
function beyond(...jump: unknown[]): string {
  const at = { family: "inet", table: "fast" };
  const ruleset = {
    nftables: [
      { chain: { ...at, name: "raw", type: "filter", hook: "prerouting", prio: -300 } },
      { chain: { ...at, name: "fast" } },
      { rule: { ...at, chain: "raw", handle: 7, expr: jump } },
      { rule: { ...at, chain: "fast", handle: 8, expr: [NOTRACK] } },
    ],
  };
  return grade(nftExemptions(parseRuleset(JSON.stringify(ruleset)), PORTS));
}

function match(left: unknown, right: unknown, op = "=="): unknown {
  return { match: { op, left, right } };
}

const DPORT = { payload: { protocol: "tcp", field: "dport" } };
const SPORT = { payload: { protocol: "tcp", field: "sport" } };
const NOTRACK = { notrack: null };

Deno.test("native rules of nftables are read alike", () => {
  const [found] = native("prerouting", NOTRACK);
  assertEquals(found, {
    what: '"notrack" of inet fast raw exempts connections from tracking, ' +
      "so none of C3PO's ports can lead to sshd",
    remedy: "remove it, or limit it to the ports of other services: " +
      "nft delete rule inet fast raw handle 7",
    isTotal: true,
  });
  const iface = (name: string, op?: string): unknown =>
    match({ meta: { key: "iifname" } }, name, op);
  assertEquals(
    [
      native("prerouting", iface("lo"), NOTRACK),
      native("prerouting", iface("lo", "!="), NOTRACK),
      native("prerouting", iface("eth1"), NOTRACK),
      native("prerouting", match(DPORT, { set: [80, 443] }), NOTRACK),
      native("prerouting", match(DPORT, { set: [80, 443] }, "!="), NOTRACK),
      native("prerouting", match({ payload: { protocol: "udp", field: "dport" } }, 53), NOTRACK),
      native("output", match(SPORT, 22), NOTRACK),
      native("output", match(SPORT, 80), NOTRACK),
      native("forward", NOTRACK),
      native("input", { synproxy: { mss: 1460 } }),
      native("prerouting", { drop: null }),
      native("prerouting", "delete @to { ip saddr }", NOTRACK),
    ].map(grade),
    [
      ...["none", "total", "partial", "none", "total", "none", "total", "none", "none", "total"],
      ...["none", "total"],
    ],
  );
});

Deno.test("nftables: a chain of its own exempts those who are sent there", () => {
  const [jump, go] = [{ jump: { target: "fast" } }, { goto: { target: "fast" } }];
  const l4proto = { meta: { key: "l4proto" } };
  const verdicts = (key: unknown, value: unknown): unknown => ({
    vmap: { key, data: { set: [["udp", { accept: null }], [value, jump]] } },
  });
  assertEquals(
    [
      beyond(match(l4proto, "tcp"), jump),
      beyond(go),
      beyond(verdicts(l4proto, "tcp")),
      beyond(verdicts(l4proto, "icmp")),
      beyond(verdicts({ meta: { key: "iifname" } }, "eth1")),
      beyond(match(DPORT, 443), jump),
      beyond({ accept: null }),
    ],
    ["total", "total", "total", "partial", "partial", "partial", "partial"],
  );
});

import { assertEquals } from "@std/assert";
import type { Drift } from "../../src/firewall/firewall.ts";
import { drift, isComplete, ownRules, withPlanned } from "../../src/firewall/iptables/drift.ts";
import type { Chain, Hook } from "../../src/firewall/iptables/rules.ts";
import { parseSaved } from "../../src/firewall/iptables/saved_rules.ts";

const SAVED = [
  "*raw",
  ":PREROUTING ACCEPT [0:0]",
  ":C3PO-PRE - [0:0]",
  "-A PREROUTING -p tcp -j C3PO-PRE",
  "-A PREROUTING -p icmp -j DROP",
  "-A C3PO-PRE -m set --match-set c3po-allow4 src -j RETURN",
  "-A C3PO-PRE -j DROP",
  "COMMIT",
  "*nat",
  ":PREROUTING ACCEPT [0:0]",
  ":C3PO-NAT - [0:0]",
  "-A PREROUTING -j DOCKER",
  "-A PREROUTING -p tcp -j C3PO-NAT",
  "-A C3PO-NAT -j RETURN",
  "COMMIT",
  "*filter",
  ":INPUT DROP [5:300]",
  ":C3PO-IN - [0:0]",
  "-A INPUT -p tcp -j C3PO-IN",
  "-A C3PO-IN -j ACCEPT",
  "COMMIT",
].join("\n");

const CHAINS: Chain[] = [
  {
    table: "raw",
    name: "C3PO-PRE",
    hook: { chain: "PREROUTING", place: "first", when: [] },
    rules: [{ when: [], then: { do: "return" } }, { when: [], then: { do: "drop" } }],
  },
  {
    table: "nat",
    name: "C3PO-NAT",
    hook: { chain: "PREROUTING", place: "last", when: [] },
    rules: [{ when: [], then: { do: "return" } }],
  },
  {
    table: "filter",
    name: "C3PO-IN",
    hook: { chain: "INPUT", place: "first", when: [] },
    rules: [{ when: [], then: { do: "accept" } }],
  },
];
const HOOKS = new Map<string, Hook>(
  CHAINS.map(({ table, name, hook }) => [`${table} ${name}`, hook!]),
);

const own = (text: string) => ownRules(parseSaved(text));

const rules = (what: string): Drift[] => [{ kind: "rules", what }];

function changed(from: string, to: string): Drift[] {
  return drift(own(SAVED), own(SAVED.replace(from, to)), HOOKS);
}

Deno.test("drift() names what other tools have done to our rules, and nothing else", () => {
  assertEquals(changed("", ""), []);
  assertEquals(changed("-A PREROUTING -p icmp -j DROP\n", ""), []);
  assertEquals(changed("[5:300]", "[9:900]"), []);
  assertEquals(changed("-A INPUT -p tcp -j C3PO-IN\n", ""), rules("jump from filter INPUT"));
  assertEquals(changed("-A C3PO-PRE -j DROP\n", ""), rules("rules of raw C3PO-PRE"));
  assertEquals(
    changed("-A C3PO-PRE -j DROP", "-A C3PO-PRE -j ACCEPT"),
    rules("changed rules of raw C3PO-PRE"),
  );
  assertEquals(
    changed("-A INPUT -p tcp -j C3PO-IN", "-A INPUT -p tcp -j C3PO-IN\n-A INPUT -p tcp -j C3PO-IN"),
    rules("doubled jump in filter INPUT"),
  );
  assertEquals(drift(own(SAVED), own(""), HOOKS), rules("rules"));
  assertEquals(drift(own(""), own(""), HOOKS), []);
});

Deno.test("drift() names a place that is taken: before the first, or behind the last", () => {
  assertEquals(
    changed(
      "-A PREROUTING -p tcp -j C3PO-PRE",
      "-A PREROUTING -j LOG\n-A PREROUTING -p tcp -j C3PO-PRE",
    ),
    [{ kind: "place", what: "first place in raw PREROUTING" }],
  );
  assertEquals(
    changed(
      "-A PREROUTING -p tcp -j C3PO-NAT",
      "-A PREROUTING -p tcp -j C3PO-NAT\n-A PREROUTING -j X",
    ),
    [{ kind: "place", what: "last place in nat PREROUTING" }],
  );
  assertEquals(changed("-A PREROUTING -j DOCKER\n", ""), [], "what stood before the last is gone");
});

Deno.test("drift() lets chains of ours stand before each other", () => {
  const other = "-A INPUT -p udp -j C3PO-LET\n-A INPUT -p tcp -j C3PO-IN";
  const both = SAVED.replace("-A INPUT -p tcp -j C3PO-IN", other);
  assertEquals(drift(own(SAVED), own(both), HOOKS), []);
});

Deno.test("isComplete() wants every chain whole and every jump once", () => {
  assertEquals(isComplete(own(SAVED), CHAINS), true);
  assertEquals(isComplete(own(SAVED), CHAINS.slice(1)), false);
  assertEquals(isComplete(own(SAVED.replace("-A C3PO-IN -j ACCEPT\n", "")), CHAINS), false);
  assertEquals(isComplete(own(SAVED.replace("-A INPUT -p tcp -j C3PO-IN\n", "")), CHAINS), false);
});

Deno.test("of chains that were rewritten the number of rules is known, and of those removed nothing", () => {
  const [pre, nat, input] = CHAINS as [Chain, Chain, Chain];
  const fresh: Chain = { ...nat, rules: [...nat.rules, ...nat.rules] };
  const expected = withPlanned(own(SAVED), [fresh], [pre]);
  const longer = SAVED.replace("-A C3PO-NAT -j RETURN", "-A C3PO-NAT -j X\n-A C3PO-NAT -j RETURN");
  assertEquals(drift(expected, own(longer), HOOKS), []);
  assertEquals(drift(expected, own(SAVED), HOOKS), rules("rules of nat C3PO-NAT"));
  assertEquals(isComplete(expected, [fresh, input]), true);
});

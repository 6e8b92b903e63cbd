import { assertEquals } from "@std/assert";
import { iptablesSteps } from "../../../src/firewall/other_tools/forwards/iptables_steps.ts";
import { parseRuleset } from "../../../src/firewall/other_tools/forwards/nft_json.ts";
import { nftSteps } from "../../../src/firewall/other_tools/forwards/nft_steps.ts";
import { walk } from "../../../src/firewall/other_tools/forwards/walk.ts";

function saved(...rules: string[]): { ports: number[]; wide: readonly string[] } {
  const { ports, wide } = walk(iptablesSteps(`*nat\n${rules.join("\n")}\nCOMMIT\n`, "IPv4"));
  return { ports: [...ports], wide };
}

Deno.test("a forward is found where port and target are in different chains, as kube-proxy has it", () => {
  assertEquals(
    saved(
      "-A PREROUTING -m comment --comment x -j KUBE-SERVICES",
      "-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS",
      "-A KUBE-NODEPORTS -p tcp -m tcp --dport 30080 -j KUBE-EXT-A",
      "-A KUBE-NODEPORTS -p udp -m udp --dport 30081 -j KUBE-EXT-A",
      "-A KUBE-EXT-A -j KUBE-SEP-A",
      "-A KUBE-SEP-A -p tcp -m tcp -j DNAT --to-destination 10.1.0.4:8080",
    ).ports,
    [30080],
  );
});

Deno.test("several ports, ranges, and chains that nothing leads to", () => {
  const { ports } = saved(
    "-A PREROUTING -p tcp -m multiport --dports 80,443,8000:8002 -j REDIRECT --to-ports 1",
    "-A OUTPUT -p tcp --dport 99 -j DNAT --to-destination 10.0.0.1",
    "-A LOST -p tcp --dport 98 -j DNAT --to-destination 10.0.0.1",
    "-A C3PO-OPEN -p tcp --dport 97 -j DNAT --to-destination :22",
  );
  assertEquals(ports, [80, 443, 8000, 8001, 8002]);
});

Deno.test("what is sent elsewhere but for some ports is told, not taken for those ports", () => {
  assertEquals(
    saved(
      "-A PREROUTING -i vmbr0 -p tcp -m multiport ! --dports 22,8006 -j DNAT --to-destination 10.0.0.2",
      "-A PREROUTING -d 192.0.2.7/32 -j DNAT --to-destination 10.0.0.3",
    ),
    {
      ports: [],
      wide: [
        "a redirect of all but 22,8006 in IPv4 nat PREROUTING",
        "a redirect of every port in IPv4 nat PREROUTING",
      ],
    },
  );
});

const PORT = { payload: { protocol: "tcp", field: "dport" } };
const ROOT = {
  chain: { family: "inet", table: "f", name: "pre", type: "nat", hook: "prerouting" },
};

function native(expr: unknown[], others: unknown[] = [], elements = new Map()): number[] {
  const rule = { rule: { family: "inet", table: "f", chain: "pre", handle: 1, expr } };
  const ruleset = parseRuleset(JSON.stringify({ nftables: [ROOT, rule, ...others] }));
  return [...walk(nftSteps(ruleset, elements)).ports];
}

Deno.test("nftables: one port, a set of them with a range, another protocol", () => {
  const to = { dnat: { addr: "10.0.0.2" } };
  const match = (right: unknown) => ({ match: { op: "==", left: PORT, right } });
  assertEquals(native([match(80), to]), [80]);
  assertEquals(native([match({ set: [81, { range: [90, 92] }] }), to]), [81, 90, 91, 92]);
  const udp = {
    match: { op: "==", left: { payload: { protocol: "udp", field: "dport" } }, right: 80 },
  };
  assertEquals(native([udp, to]), []);
  assertEquals(
    native([
      { match: { op: "==", left: { meta: { key: "l4proto" } }, right: "udp" } },
      match(80),
      to,
    ]),
    [],
  );
});

Deno.test("nftables: a map from ports to machines, in place and by name", () => {
  const dnat = (data: unknown) => [{ dnat: { addr: { map: { key: PORT, data } } } }];
  assertEquals(native(dnat({ set: [[80, "10.0.0.2"], [81, "10.0.0.3"]] })), [80, 81]);
  const elements = new Map([["inet f web", [[443, "10.0.0.2"]]]]);
  assertEquals(native(dnat("@web"), [], elements), [443]);
});

Deno.test("nftables: a map of verdicts, as kube-proxy has it", () => {
  const key = {
    concat: [{ meta: { key: "l4proto" } }, { payload: { protocol: "th", field: "dport" } }],
  };
  const elements = new Map([["inet f nodeports", [
    [{ concat: ["tcp", 30080] }, { goto: { target: "web" } }],
    [{ concat: ["udp", 30081] }, { goto: { target: "web" } }],
  ]]]);
  const web = {
    rule: {
      family: "inet",
      table: "f",
      chain: "web",
      handle: 2,
      expr: [{ dnat: { addr: "10.0.0.2" } }],
    },
  };
  assertEquals(native([{ vmap: { key, data: "@nodeports" } }], [web], elements), [30080]);
});

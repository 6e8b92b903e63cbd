import { assertEquals } from "@std/assert";
import { iptablesInput } from "../../../src/firewall/other_tools/input/iptables_input.ts";
import { deniedAt } from "../../../src/firewall/other_tools/input/verdict.ts";

function denied(policy: string, rules: string[], port = 22): number | null {
  const text = `*filter\n:INPUT ${policy} [0:0]\n${rules.join("\n")}\nCOMMIT\n`;
  const { chain, chains } = iptablesInput(text, { family: 4, port })!;
  return deniedAt(chain, chains);
}

const ESTABLISHED = "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT";
const LOOPBACK = "-A INPUT -i lo -j ACCEPT";

Deno.test("a policy that accepts denies nothing", () => {
  assertEquals(denied("ACCEPT", []), null);
  assertEquals(denied("ACCEPT", ["-A INPUT -s 192.0.2.1/32 -j DROP"]), null);
  assertEquals(denied("ACCEPT", ["-A INPUT -m conntrack --ctstate INVALID -j DROP"]), null);
  assertEquals(
    denied("ACCEPT", [
      "-A INPUT -p tcp -m multiport --dports 22 -m set --match-set bad src -j DROP",
    ]),
    null,
  );
});

Deno.test("a policy that drops denies what no rule accepts", () => {
  assertEquals(denied("DROP", [LOOPBACK, ESTABLISHED]), 2);
  assertEquals(denied("DROP", [LOOPBACK, "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT"]), null);
  assertEquals(denied("DROP", ["-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT"], 443), 1);
  assertEquals(denied("DROP", ["-A INPUT -p udp -m udp --dport 22 -j ACCEPT"]), 1);
});

Deno.test("whom a rule lets in by their address is no reason to think that all are", () => {
  assertEquals(denied("DROP", ["-A INPUT -s 192.0.2.0/24 -p tcp -m tcp --dport 22 -j ACCEPT"]), 1);
});

Deno.test("a last rule that rejects is a denial, and its place is told", () => {
  const rules = [LOOPBACK, ESTABLISHED, "-A INPUT -j REJECT --reject-with icmp-host-prohibited"];
  assertEquals(denied("ACCEPT", rules), 2);
  assertEquals(denied("ACCEPT", ["-A INPUT -m limit --limit 5/sec -j REJECT"]), 0);
});

Deno.test("chains are followed, and what they return to", () => {
  const rules = [
    "-A INPUT -j before",
    "-A INPUT -j user",
    "-A before -m addrtype --dst-type LOCAL -j RETURN",
    "-A before -j DROP",
    "-A user -p tcp -m tcp --dport 22 -j ACCEPT",
  ];
  assertEquals(denied("DROP", rules), null);
  assertEquals(denied("DROP", rules, 443), 2);
});

Deno.test("a rule that accepts redirected connections lets in, as firewalld has it", () => {
  assertEquals(denied("DROP", ["-A INPUT -m conntrack --ctstate DNAT -j ACCEPT"]), null);
});

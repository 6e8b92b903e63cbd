import { assertEquals } from "@std/assert";
import { policyChains } from "../../src/firewall/iptables/policy_chains.ts";
import { readListings, referencesTo } from "../../src/firewall/iptables/references.ts";
import { TOUCHED } from "../../src/firewall/iptables/sets.ts";
import { windowChains } from "../../src/firewall/iptables/window_chains.ts";
import { POLICY, windowAt } from "./policies.ts";

Deno.test("the rules of a plan that look at a set, or note something in it, are counted", () => {
  const chains = policyChains(4, POLICY, "reset");
  assertEquals(referencesTo(TOUCHED.name, chains), 3, "a door, a trap, a completed connection");
  assertEquals(referencesTo("c3po-hit4", chains), 1);
  assertEquals(referencesTo("c3po-hit6", chains), 0);
  const handshake = policyChains(4, { ...POLICY, trigger: "handshake" }, "reset");
  assertEquals(
    referencesTo("c3po-ban4", chains) - referencesTo("c3po-ban4", handshake),
    1,
    "the first packet does not ban",
  );
});

Deno.test("each window looks at the sets of its own slot", () => {
  const chains = windowChains(4, POLICY, [windowAt(1280, 5000), windowAt(1281, 6000)], "reset");
  for (const slot of [0, 1]) {
    assertEquals(referencesTo(`c3po-ssh-${slot}`, chains), 2);
    assertEquals(referencesTo(`c3po-0-${slot}`, chains), 3);
  }
  assertEquals(referencesTo("c3po-ssh-2", chains), 0);
});

Deno.test("references and elements are read from what ipset lists", () => {
  const text = `Name: c3po-hidden
Type: bitmap:port
Header: range 0-65535 timeout 0
Size in memory: 532552
References: 2
Number of entries: 0
Members:

Name: c3po-touched
References: 6
Number of entries: 2
Members:
23
31337 timeout 19`;
  assertEquals([...readListings(text.split("\n"))], [
    ["c3po-hidden", { references: 2, elements: [] }],
    ["c3po-touched", { references: 6, elements: ["23", "31337"] }],
  ]);
  assertEquals(readListings([]).size, 0);
});

import { assertEquals } from "@std/assert";
import { firewallPlan } from "../../src/core/firewall/plan.ts";
import { plannedReferences, readListings } from "../../src/core/firewall/references.ts";

Deno.test("the rules of a plan that refer to a set are counted over all families", () => {
  const options = {
    sshPort: 22,
    tarpitPort: 23,
    trigger: "syn",
    scope: "ssh",
    banTime: 9,
  } as const;
  const one = plannedReferences(firewallPlan({ ...options, families: [4] }));
  const both = plannedReferences(firewallPlan({ ...options, families: [4, 6] }));
  assertEquals(one.get("c3po-hidden"), 1);
  assertEquals(one.get("c3po-ssh"), 4);
  assertEquals(both.get("c3po-trap"), 2 * one.get("c3po-trap")!);
  assertEquals(both.get("c3po-hit6"), 1);
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

import { assertEquals } from "@std/assert";
import { firewallPlan } from "../../src/core/firewall/plan.ts";
import { countedReferences, plannedReferences } from "../../src/core/firewall/references.ts";

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
  assertEquals(one.get("c3po-ssh"), 3);
  assertEquals(both.get("c3po-trap"), 2 * one.get("c3po-trap")!);
  assertEquals(both.get("c3po-hit6"), 1);
});

Deno.test("the kernel's count is read from what ipset lists", () => {
  const text = `Name: c3po-hidden
Type: bitmap:port
Header: range 0-65535 timeout 0
Size in memory: 532552
References: 2
Number of entries: 0

Name: c3po-ssh
References: 6`;
  assertEquals([...countedReferences(text.split("\n"))], [["c3po-hidden", 2], ["c3po-ssh", 6]]);
  assertEquals(countedReferences([]).size, 0);
});

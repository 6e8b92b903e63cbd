import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Policy } from "../../../src/firewall/policy.ts";
import {
  allChains,
  emptyCommands,
  loadText,
  openText,
} from "../../../src/firewall/nftables/table_text.ts";
import type { Door, Window } from "../../../src/schedule/windows.ts";
import { openWindow, policy } from "./sample.ts";

const CAPACITY = 1000;

function preview(policy: Policy, windows: readonly Window[]): string {
  const here = { earlyDemux: true, cgroups: true, notesIpv6: true };
  return loadText(allChains(policy, windows, here), CAPACITY);
}

/** The rules of one chain. */
function chain(text: string, name: string): string[] {
  const [, body] = new RegExp(`^\\tchain ${name} \\{\\n(.*?)^\\t\\}`, "ms").exec(text) ?? [];
  return (body ?? "").split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

Deno.test("each window is one rule: its time, and a map of its ports", () => {
  const windows = [
    openWindow({ from: 1000, until: 1090, traps: [5000, 5001] }),
    openWindow({ from: 1060, until: 1150, doors: [], traps: [6000] }),
    openWindow({ from: 1120, until: 1210, doors: [], traps: [] }),
  ];
  assertEquals(chain(preview(policy(), windows), "windows0"), [
    "meta time >= 1000 meta time < 1090 tcp dport vmap " +
    "{ 5000 : goto trap, 5001 : goto trap, 4000 : goto door22 }",
    "meta time >= 1060 meta time < 1150 tcp dport vmap { 6000 : goto trap }",
  ]);
});

Deno.test("a window of the beginning of time opens then, not before", () => {
  const [rule] = chain(preview(policy(), [openWindow({ from: -15, until: 75 })]), "windows0");
  assertStringIncludes(rule!, "meta time >= 0 meta time < 75 ");
});

Deno.test("a door of a service that is not served leads nowhere, and its port is no trap", () => {
  const doors = [{ service: "web", port: 5000, user: "default" }];
  assertEquals(chain(preview(policy(), [openWindow({ doors })]), "windows0"), []);
});

Deno.test("only a port that something of ours listens on is a trap although something listens", () => {
  const [rule] = chain(preview(policy(), [openWindow({ traps: [22, 23] })]), "windows0");
  assertStringIncludes(rule!, "22 : goto wire, 23 : goto trap");
});

Deno.test("a port that fails open is hidden until the last window ends, one that does not for ever", () => {
  const services = [
    { name: "ssh", port: 22, hidden: true, fail: "open" },
    { name: "db", port: 5432, hidden: true, fail: "closed" },
    { name: "web", port: 443, hidden: false, fail: "open" },
  ] as const;
  const text = preview(policy({ services }), [
    openWindow({ until: 90 }),
    openWindow({ until: 70 }),
  ]);
  assertEquals(chain(text, "hide22"), ["meta time < 90 drop"]);
  assertEquals(chain(text, "hide5432"), ["drop"]);
  assertEquals(chain(text, "hide443"), []);
});

Deno.test("with the trigger handshake no rule of the traps bans", () => {
  for (const trigger of ["syn", "handshake"] as const) {
    const rules = ["trap4", "trap6"].flatMap((name) =>
      chain(preview(policy({ trigger }), []), name)
    );
    assertEquals(rules.some((rule) => rule.startsWith("add @ban")), trigger === "syn");
    assert(rules.some((rule) => rule.startsWith("update @hit")));
  }
});

Deno.test("a SYN is dropped ahead of connection tracking only with the wider scope", () => {
  const hook = "type filter hook prerouting priority raw";
  assertStringIncludes(preview(policy({ scope: "all" }), []), hook);
  assert(!preview(policy(), []).includes(hook));
});

Deno.test("in the network of a door addresses are open by the clock, also for what was begun there", () => {
  const network = { door: "2001:db8:0:aa::/64" };
  const one = { service: "ssh", user: "default", address: "2001:db8:0:aa::7", port: 4000 };
  const from = [{ family: 6, text: "2001:db8:c::/48" }, { family: 4, text: "192.0.2.1" }] as const;
  const other = { ...one, user: "alice", address: "2001:db8:0:aa::8", from };
  const window = openWindow({ from: 1000, until: 1090, addressDoors: [one, other] });
  const text = preview(policy(network), [window]);
  const time = "meta time >= 1000 meta time < 1090";
  const at = (end: number): string =>
    `${time} ip6 daddr 2001:db8:0:aa::${end} meta l4proto tcp ct original proto-dst 4000`;
  assertEquals(chain(text, "windows0")[0], "ip6 daddr 2001:db8:0:aa::/64 goto addresses");
  assertEquals(chain(text, "addresses0"), [
    `${at(8)} ip6 saddr 2001:db8:c::/48 goto door22`,
    `${time} ip6 daddr . tcp dport vmap { 2001:db8:0:aa::7 . 4000 : goto door22 }`,
  ]);
  assertEquals(chain(text, "judge22")[0], "ip6 daddr 2001:db8:0:aa::/64 goto held22");
  assertEquals(chain(text, "held22"), [`${at(7)} accept`, `${at(8)} accept`, "drop"]);
  assertEquals(chain(text, "doornet"), [
    "ct status dnat return",
    "ct state established,related return",
    "drop",
  ]);
  assert(!preview(policy(), [openWindow()]).includes("doornet"));
});

Deno.test("new windows change no other rule, and no set", () => {
  const text = openText(policy(), [openWindow()], 1);
  assert(!/\bset\b|\bhook\b/.test(text));
  assertEquals(flushed(text), ["windows", "windows1", "judge22", "hide22", "refuse22"]);
  const made = [...text.matchAll(/^\tchain (\S+) \{$/gm)].map(([, name]) => name);
  assertEquals(made, flushed(text));
});

Deno.test("new windows never take a map from a packet that is on its way to it", () => {
  const services = [
    { name: "ssh", port: 22, hidden: true, fail: "open" },
    { name: "wg", port: 51_820, proto: "udp", hidden: true, fail: "closed" },
  ] as const;
  const all = policy({ services, door: "2001:db8:0:aa::/64" });
  const doors = [door("ssh", 4000), door("wg", 4001)];
  const addressDoors = [{ ...door("ssh", 4002), address: "2001:db8:0:aa::7" }];
  const window = openWindow({ doors, addressDoors });
  const here = { earlyDemux: true, cgroups: true, notesIpv6: true };
  for (const [old, next] of [[0, 1], [1, 0]] as const) {
    const loaded = allChains(all, [window], here, old);
    const mapped = loaded.filter(({ rules }) =>
      rules.some((rule) => /^meta time .* vmap/.test(rule))
    )
      .map(({ name }) => name);
    assertEquals(mapped, ["windows", "addresses", "datagrams"].map((name) => `${name}${old}`));
    const changed = flushed(openText(all, [window], next));
    assertEquals(mapped.filter((name) => changed.includes(name)), []);
    // Nothing leads there any more once that is loaded.
    const left = allChains(all, [window], here, next).flatMap(({ rules }) => rules).join("\n");
    assertEquals(mapped.filter((name) => new RegExp(`goto ${name}\\b`).test(left)), []);
    assertEquals(emptyCommands(all, old), mapped.map((name) => `flush chain inet c3po ${name}`));
  }
});

function flushed(text: string): string[] {
  return [...text.matchAll(/^flush chain inet c3po (\S+)$/gm)].map(([, name]) => name!);
}

function door(service: string, port: number): Door {
  return { service, port, user: "default" };
}

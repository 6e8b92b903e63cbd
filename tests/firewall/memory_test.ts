// What tests of the daemon do to the engine in memory, beside what the contract says of every engine.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { failures, MemoryFirewall, MemoryKernel } from "../../src/firewall/memory.ts";
import { parseBanned } from "../../src/os/address.ts";
import { Failure } from "../../src/os/errors.ts";
import { ToolFailure } from "../../src/os/tool_failure.ts";
import { isLocked } from "../../src/firewall/iptables/iptables.ts";
import type { Policy } from "../../src/firewall/policy.ts";
import type { Window } from "../../src/schedule/windows.ts";

const START = 1_800_000_000;
const POLICY: Policy = {
  services: [{ name: "ssh", port: 22, hidden: true, fail: "open" }],
  tarpitPort: 61_023,
  trigger: "syn",
  scope: "ssh",
  banSeconds: 900,
  openFirewall: false,
  shares: false,
};
const WINDOW: Window = {
  minute: START / 60,
  from: START,
  until: START + 60,
  doors: [{ service: "ssh", port: 4000, user: "default" }],
  traps: [5000],
};

/** What another tool took away, as a person would name it. */
async function missing(firewall: MemoryFirewall): Promise<string[]> {
  return (await firewall.drift()).map(({ what }) => what);
}

function machine(capacity = 1000): { firewall: MemoryFirewall; kernel: MemoryKernel } {
  const kernel = new MemoryKernel({ now: () => START * 1000, capacity, own: ["192.0.2.1"] });
  return { firewall: new MemoryFirewall(kernel), kernel };
}

Deno.test("a call fails as often as it was told to, as the tools do, and changes nothing", async () => {
  const { firewall, kernel } = machine();
  firewall.fail("load", failures.locked, { times: 2 });
  for (let i = 0; i < 2; i++) {
    const error = await assertRejects(() => firewall.load(POLICY, [WINDOW]), ToolFailure);
    assert(isLocked(error));
    assertEquals(kernel.connect("198.51.100.1", 4000), "refused");
  }
  await firewall.load(POLICY, [WINDOW]);
  assertEquals(kernel.connect("198.51.100.1", 4000), "service ssh");
});

Deno.test("a call can fail after it has done its work", async () => {
  const { firewall, kernel } = machine();
  firewall.fail("load", () => failures.stuck("iptables-restore"), { isDone: true });
  await assertRejects(() => firewall.load(POLICY, [WINDOW]), ToolFailure, "no answer within");
  assertEquals(kernel.connect("198.51.100.1", 4000), "service ssh");
});

Deno.test("a missing tool says so, and a killed one its exit code", async () => {
  const { firewall } = machine();
  firewall.fail("look", failures.missing);
  assertEquals((await assertRejects(() => firewall.look(), ToolFailure)).isMissing, true);
  firewall.fail("look", failures.killed);
  assertEquals((await assertRejects(() => firewall.look(), ToolFailure)).code, 137);
});

Deno.test("an entry that the kernel is told to refuse is refused alone", async () => {
  const { firewall } = machine();
  const [one, two] = ["198.51.100.1", "198.51.100.2"].map((text) => ({
    address: parseBanned(text),
    seconds: 60,
  }));
  firewall.refuse(one!.address.text, "out of memory");
  assertEquals(await firewall.ban([one!, two!]), [{
    address: one!.address,
    reason: "out of memory",
  }]);
  assertEquals(await firewall.bans(10), [two!]);
});

Deno.test("in a full set the oldest ban makes room", async () => {
  const { firewall, kernel } = machine(3);
  await firewall.load(POLICY, [WINDOW]);
  for (let i = 1; i <= 5; i++) assertEquals(kernel.connect(`198.51.100.${i}`, 5000), "tarpit");
  const banned = (await firewall.bans(10))!.map(({ address }) => address.text);
  assertEquals(banned, ["198.51.100.3", "198.51.100.4", "198.51.100.5"]);
});

Deno.test("rules that another tool removed are missed, and so are emptied sets", async () => {
  const { firewall, kernel } = machine();
  await firewall.load(POLICY, [WINDOW]);
  const by: (string | null)[] = [];
  const end = new AbortController();
  const watching = firewall.watch((program) => by.push(program), end.signal);
  await Promise.resolve();
  kernel.flushRules("ufw", [4]);
  assertEquals(await missing(firewall), ["IPv4 rules"]);
  assertEquals((await firewall.look()).intact, false);
  await firewall.open([WINDOW]);
  assertEquals(await missing(firewall), ["IPv4 rules"]);
  kernel.flushSets([6]);
  assertEquals(await missing(firewall), ["IPv4 rules", "entries of the IPv6 sets"]);
  await firewall.load(POLICY, [WINDOW]);
  assertEquals(await firewall.drift(), []);
  assertEquals(by[0], "ufw");
  end.abort();
  await watching;
});

Deno.test("windows that break the promises of the interface are refused", async () => {
  const { firewall } = machine();
  const broken: [Partial<Window>, string][] = [
    [{ until: START }, "opens at"],
    [{ from: START + 0.5 }, "opens at"],
    [{ traps: [4000] }, "a trap and a door"],
    [{ traps: [70_000] }, "no port"],
    [{ doors: [{ service: "web", port: 4000, user: "default" }] }, "no service"],
  ];
  for (const [part, why] of broken) {
    const windows = [{ ...WINDOW, ...part }];
    await assertRejects(() => firewall.load(POLICY, windows), Failure, why);
  }
});

import { assertEquals } from "@std/assert";
import { MemoryFirewall, MemoryKernel } from "../../src/firewall/memory.ts";
import type { Finding } from "../../src/os/finding.ts";
import { systemClock } from "../../src/os/clock.ts";
import { userFindings } from "../../src/server/check/users.ts";
import { readServerConfig } from "../../src/server/config.ts";
import { demandOf } from "../../src/server/policy.ts";
import { newKey } from "../../src/users/key_files.ts";
import { PortPlanner } from "../../src/users/port_planner.ts";
import type { User } from "../../src/users/registry.ts";

/** What check finds on a server with so many users of ssh, and so many traps for each. */
async function findingsWith(count: number, traps = 15): Promise<Finding[]> {
  const users = Array.from({ length: count }, (_, i): User => ({
    name: `user${i}`,
    key: newKey(),
    services: ["ssh"],
    expires: null,
    from: [],
    state: "open",
    fingerprint: null,
  }));
  const config = { ...readServerConfig([]), traps };
  return await userFindings({
    config,
    registry: { users, problems: [] },
    planner: await PortPlanner.of(demandOf(config, users), () => Promise.resolve(newKey())),
    firewall: new MemoryFirewall(new MemoryKernel({ now: Date.now, uptime: Date.now })),
    clock: systemClock,
    admin: null,
    isService: false,
    isProbed: false,
    runtimeFolder: "/nonexistent",
    stateFolder: "/nonexistent",
  });
}

Deno.test("check says nothing of the odds up to fifty ports of users", async () => {
  assertEquals((await findingsWith(50)).map(({ grade, what }) => [grade, what]), [["ok", "users"]]);
});

Deno.test("with a thousand users check warns, with the number of ports and traps and the odds", async () => {
  const [odds, ...others] = await findingsWith(1000);
  assertEquals(others, []);
  assertEquals([odds?.grade, odds?.found], [
    "warn",
    "1000 ports lead to services beside 15000 traps: a scan meets one of them first with odds of 1 in 16",
  ]);
});

Deno.test("where traps take half the range check warns that each user costs odds, also with few users", async () => {
  const [odds] = await findingsWith(10, 4095);
  assertEquals([odds?.grade, odds?.found], [
    "warn",
    "10 ports lead to services beside 32256 traps: a scan meets one of them first with odds of " +
    "1 in 3226; traps are limited to half the range",
  ]);
});

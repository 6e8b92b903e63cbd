import { MemoryFirewall, MemoryKernel } from "../../src/firewall/memory.ts";
import { systemClock } from "../../src/os/clock.ts";
import type { Checkup } from "../../src/server/check/checkup.ts";
import { readServerConfig } from "../../src/server/config.ts";
import type { ServerConfig } from "../../src/server/options.ts";
import { demandOf } from "../../src/server/policy.ts";
import { newKey } from "../../src/users/key_files.ts";
import { PortPlanner } from "../../src/users/port_planner.ts";
import type { User } from "../../src/users/registry.ts";

/** What check looks at on a server that is set up like this, with so many users of ssh. */
export async function checkupOf(changes: Partial<ServerConfig>, count: number): Promise<Checkup> {
  const users = Array.from({ length: count }, (_, i): User => ({
    name: `user${i}`,
    key: newKey(),
    services: ["ssh"],
    expires: null,
    from: [],
    state: "open",
    fingerprint: null,
  }));
  const config = { ...readServerConfig([]), ...changes };
  return {
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
  };
}

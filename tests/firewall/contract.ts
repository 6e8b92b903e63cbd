/*
 * What every engine promises, as scenarios that run in the world of any of them: in memory with a clock
 * that a test moves, or in network namespaces with the real kernel and its time.
 */
import { ADDRESSES } from "./contract/scenarios/addresses.ts";
import { ARRIVALS } from "./contract/scenarios/arrivals.ts";
import { BANS } from "./contract/scenarios/bans.ts";
import { DATAGRAMS } from "./contract/scenarios/datagrams.ts";
import { CLAIMS } from "./contract/scenarios/claims.ts";
import { LIFECYCLE } from "./contract/scenarios/lifecycle.ts";
import { NETWORKS } from "./contract/scenarios/networks.ts";
import { RESTRICTED } from "./contract/scenarios/restricted.ts";
import { SHARED } from "./contract/scenarios/shared.ts";
import { SURROUNDINGS } from "./contract/scenarios/surroundings.ts";
import { TRAPS } from "./contract/scenarios/traps.ts";
import { WINDOWS } from "./contract/scenarios/windows.ts";
import { KernelWorld } from "./contract/kernel_world.ts";
import type { Scenario, World } from "./contract/world.ts";
import type { EngineName, KERNEL_ENGINES } from "../../src/firewall/firewall.ts";
import { kernelTest } from "../kernel/lab.ts";

/** All of them. */
export const SCENARIOS: readonly Scenario[] = [
  ...WINDOWS,
  ...ARRIVALS,
  ...RESTRICTED,
  ...DATAGRAMS,
  ...ADDRESSES,
  ...CLAIMS,
  ...TRAPS,
  ...BANS,
  ...NETWORKS,
  ...SHARED,
  ...SURROUNDINGS,
  ...LIFECYCLE,
];

/** Registers a test for each scenario, each in a world of its own that needs no root. */
export function contract(engine: EngineName, world: () => World): void {
  for (const { name, run } of SCENARIOS) {
    Deno.test(`${engine}: ${name}`, async () => {
      await using each = world();
      await run(each);
    });
  }
}

/** As {@linkcode contract}, for an engine of the real kernel. */
export function kernelContract(engine: (typeof KERNEL_ENGINES)[number]): void {
  for (const { name, run } of SCENARIOS) {
    kernelTest(`${engine}: ${name}`, async () => {
      await using world = await KernelWorld.create(engine);
      await run(world);
    }, engine);
  }
}

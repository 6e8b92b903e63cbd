import { createFirewall } from "../firewall/engines.ts";
import type { Clock } from "../os/clock.ts";
import { listeningPorts } from "../os/sockets.ts";
import { Counters } from "./counters.ts";
import type { Configuration } from "./context.ts";
import { demandOf, policyOf } from "./policy.ts";
import { Ports } from "./port_policy.ts";
import { PortPlanner } from "../users/port_planner.ts";
import { TARPIT_PORT } from "./tarpit_policy.ts";
import { findTrapKey } from "./trap_key.ts";
import { newKey } from "../users/key_files.ts";
import { WindowLoader } from "./window_loader.ts";

/**
 * What `serve` would load, as text for the tools that load it. Looks at the services of this machine, since
 * they win over traps; needs no root and changes nothing.
 */
export async function preview(
  { config, registry: { users } }: Configuration,
  stateFolder: string,
  clock: Clock,
): Promise<string> {
  await using firewall = await createFirewall(config.firewall, clock);
  const forwards = (): Promise<{ ports: Set<number>; unreadable: string[] }> =>
    Promise.resolve({ ports: new Set(), unreadable: [] }); // only root may read rules
  const ports = new Ports({
    config,
    tarpitPort: TARPIT_PORT,
    firewall: { forwards },
    listeners: listeningPorts,
  });
  await ports.refresh();
  const policy = policyOf(config, TARPIT_PORT);
  const planner = await PortPlanner.of(
    demandOf(config, users),
    async () => await findTrapKey(stateFolder) ?? newKey(),
  );
  const loader = new WindowLoader(
    {
      ...config,
      plan: (minute) => planner.plan(minute),
      ports,
      policy: () => policy,
      counters: new Counters(clock.now()),
    },
    firewall,
  );
  return firewall.preview(policy, await loader.windowsAt(clock.now()));
}

import type { Policy } from "../firewall/policy.ts";
import { SSH_SERVICE } from "../schedule/derivation.ts";
import { CANARY_SERVICE } from "../schedule/open_doors.ts";
import type { Demand } from "../users/port_planner.ts";
import type { User } from "../users/registry.ts";
import type { ServerConfig } from "./options.ts";

const MINUTE_SECONDS = 60;

/** What may change while a configuration is served. */
interface State {
  /** While it is, a death opens plain SSH again, whatever else is set. */
  readonly isOnTrial?: boolean;
  /** Where connections to canaries are taken; null if there is none. */
  readonly canaryPort?: number | null;
}

/** What a configuration asks of the packet filter. */
export function policyOf(
  config: ServerConfig,
  tarpitPort: number,
  { isOnTrial = false, canaryPort = null }: State = {},
): Policy {
  const canary = { name: CANARY_SERVICE, hidden: true, fail: "closed" as const };
  return {
    services: [
      {
        name: SSH_SERVICE,
        port: config.sshPort,
        hidden: true,
        fail: isOnTrial ? "open" : config.fail,
      },
      // Nothing but SSH is needed to repair a server whose serve has died.
      ...config.services.map((service) => ({ ...service, fail: "closed" as const })),
      ...canaryPort === null ? [] : [{ ...canary, port: canaryPort }],
    ],
    tarpitPort,
    trigger: config.trigger,
    scope: config.scope,
    banSeconds: config.banTime,
    openFirewall: config.openFirewall,
    shares: config.share !== null,
    ...config.door === undefined ? {} : { door: config.door },
    ...config.claim ? { claimSeconds: MINUTE_SECONDS + 2 * config.grace } : {},
  };
}

/**
 * What stays in the packet filter when `serve` has ended: the ports that are not to be reachable without
 * it. Null if there is none.
 */
export function policyAfter(config: ServerConfig, tarpitPort: number): Policy | null {
  const { door: _door, claimSeconds: _claimSeconds, ...policy } = policyOf(config, tarpitPort);
  const services = policy.services.filter(({ hidden, fail }) => hidden && fail === "closed");
  return services.length === 0 ? null : { ...policy, services, openFirewall: false };
}

/** What a configuration opens for some users. */
export function demandOf(config: ServerConfig, users: readonly User[]): Demand {
  const { services, traps, ports: range, door } = config;
  return { users, services, traps, range, door };
}

import type { Firewall } from "../../firewall/firewall.ts";
import type { PortPlanner } from "../../users/port_planner.ts";
import type { Configuration } from "../context.ts";
import type { ServerConfig } from "../options.ts";
import type { AdminSession } from "../../os/admin_session.ts";
import type { Clock } from "../../os/clock.ts";

/** Inputs of a server check. */
export interface Checkup {
  readonly config: ServerConfig;
  /** Whose ports are opened. */
  readonly registry: Configuration["registry"];
  /** Computes those ports; where there is no key yet, those of a random one. */
  readonly planner: PortPlanner;
  readonly firewall: Firewall;
  readonly clock: Clock;
  readonly admin: AdminSession | null;
  /** Whether a service manager asks, at boot perhaps. */
  readonly isService: boolean;
  /** Whether the rules of a running `serve` are tried with real connections. */
  readonly isProbed: boolean;
  readonly runtimeFolder: string;
  readonly stateFolder: string;
}

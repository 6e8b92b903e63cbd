import type { ServerConfig } from "../../core/server_options.ts";
import type { Schedule } from "../../core/schedule.ts";
import type { AdminSession } from "../../host/admin.ts";
import type { Clock } from "../../host/clock.ts";

/** What a server is examined with. */
export interface Checkup {
  readonly config: ServerConfig;
  readonly schedule: Schedule;
  readonly clock: Clock;
  readonly admin: AdminSession | null;
  /** Whether a service manager asks, at boot perhaps. */
  readonly isService: boolean;
  readonly runtimeFolder: string;
  readonly stateFolder: string;
}

import type { Firewall } from "../firewall/firewall.ts";
import type { Clock } from "../os/clock.ts";
import type { ServiceManager } from "../os/notify.ts";
import type { FoundKey } from "../users/key_files.ts";
import type { Registry } from "../users/registry.ts";
import type { Counters } from "./counters.ts";
import type { Machine } from "./machine.ts";
import type { ServerConfig } from "./options.ts";

/** How a server is set up, and for whom. */
export interface Configuration {
  readonly config: ServerConfig;
  /** The server's own key, that of the user `default`; null if there is none. */
  readonly server: FoundKey | null;
  /** Where the users' files are. */
  readonly usersFolder: string;
  /** Whose ports are opened, as of the moment at which the configuration was read. */
  readonly registry: Registry;
}

/** What stays the same when the configuration changes. */
export interface Context {
  readonly clock: Clock;
  readonly firewall: Firewall;
  /** Where run-time files live. */
  readonly runtimeFolder: string;
  /** Where what outlives a restart is kept. */
  readonly stateFolder: string;
  /** Who started this, and waits for it to be ready. */
  readonly service: ServiceManager;
  readonly counters: Counters;
  readonly machine: Machine;
}

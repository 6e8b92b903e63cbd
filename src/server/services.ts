import { getLogger } from "@logtape/logtape";
import type { Family } from "../core/address.ts";
import type { ServerConfig } from "../core/server_options.ts";
import { C3poError } from "../core/errors.ts";
import type { PortRules } from "../core/opening.ts";
import { forwardedPorts } from "../core/sockets.ts";
import { saveRules } from "../host/iptables.ts";
import { listeningPorts } from "../host/procfs.ts";

const log = getLogger(["c3po", "rotation"]);

/** The ports that services of this machine have. */
export class Services {
  readonly #config: ServerConfig;
  readonly #tarpitPort: number;
  readonly #families: readonly Family[];
  #taken: readonly number[] = [];

  constructor(config: ServerConfig, tarpitPort: number, families: readonly Family[]) {
    this.#config = config;
    this.#tarpitPort = tarpitPort;
    this.#families = families;
  }

  /** What decides over ports at this moment. */
  async rules(): Promise<PortRules> {
    const { grace, exclude, tripwire, sshPort } = this.#config;
    return {
      grace,
      taken: new Set([...exclude, ...await this.taken()]),
      tripwires: tripwire,
      own: new Set([sshPort, this.#tarpitPort]),
    };
  }

  /**
   * The ports that something listens on or forwards. If they cannot be read, those of the last time:
   * to open no SSH port at all would be worse.
   */
  async taken(): Promise<readonly number[]> {
    try {
      const each = await Promise.all([
        listeningPorts(),
        ...this.#families.map(async (family) => forwardedPorts(await saveRules(family))),
      ]);
      this.#taken = each.flatMap((ports) => [...ports]);
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      log.warn("cannot see which ports services have, going by the last look", {
        error: error.message,
      });
    }
    return this.#taken;
  }
}

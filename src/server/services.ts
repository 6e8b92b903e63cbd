import { getLogger } from "@logtape/logtape";
import type { Family } from "../core/address.ts";
import type { ServerConfig } from "../core/server_options.ts";
import { C3poError } from "../core/errors.ts";
import type { PortRules } from "../core/opening.ts";
import { forwardedPorts } from "../core/sockets.ts";
import type { Sockets } from "../host/sockets.ts";
import type { RuleBook } from "./rule_book.ts";

const log = getLogger(["c3po", "rotation"]);

/** Where the ports of services are found. */
export interface ServicesOptions {
  readonly config: ServerConfig;
  readonly tarpitPort: number;
  readonly families: readonly Family[];
  readonly book: RuleBook;
  readonly sockets: Sockets;
}

/** Services do not come and go so often that it were worth to look for them at every change of ports. */
const RECENT_MS = 21_000;

/** The ports that services of this machine have. */
export class Services {
  readonly #options: ServicesOptions;
  #taken: readonly number[] = [];

  constructor(options: ServicesOptions) {
    this.#options = options;
  }

  /** What decides over ports at this moment. */
  async rules(): Promise<PortRules> {
    const { config: { grace, exclude, tripwire, sshPort }, tarpitPort } = this.#options;
    return {
      grace,
      taken: new Set([...exclude, ...await this.taken()]),
      tripwires: tripwire,
      own: new Set([sshPort, tarpitPort]),
    };
  }

  /**
   * The ports that something listens on or forwards. If they cannot be read, those of the last time:
   * to open no SSH port at all would be worse.
   */
  async taken(): Promise<readonly number[]> {
    const { families, book, sockets } = this.#options;
    try {
      const each = await Promise.all([
        sockets.listening(RECENT_MS),
        ...families.map(async (family) => forwardedPorts(await book.recent(family))),
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

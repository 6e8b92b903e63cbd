import type { Firewall } from "../firewall/firewall.ts";
import { C3poError } from "../os/errors.ts";
import { eventLog } from "../os/event_log.ts";
import type { Listeners } from "../os/socket_tables.ts";
import type { PortPolicy } from "../schedule/windows.ts";
import type { ServerConfig } from "./options.ts";

/** Where the ports of services are found. */
export interface PortSources {
  readonly config: ServerConfig;
  readonly tarpitPort: number;
  readonly firewall: Pick<Firewall, "forwards">;
  readonly listeners: () => Promise<Listeners>;
}

/** Ports that may not be used as they are. */
interface Taken {
  readonly system: ReadonlySet<number>;
  readonly ordinary: ReadonlySet<number>;
  readonly forwarded: ReadonlySet<number>;
}

const NOTHING: Taken = { system: new Set(), ordinary: new Set(), forwarded: new Set() };

const SERVICES = "services use";
const FORWARDS = "other rules forward";

const log = eventLog("ports");

/** Knows what this machine needs its ports for. */
export class Ports {
  readonly #sources: PortSources;
  #taken = NOTHING;
  #told = "";
  #areForwardsDue = true;
  /** What could not be read at the last look. */
  readonly #unread = new Set<string>();

  constructor(sources: PortSources) {
    this.#sources = sources;
  }

  /** Rules of others changed: what they forward is read again. */
  rulesChanged(): void {
    this.#areForwardsDue = true;
  }

  /** Whether what was looked up last may no longer hold. */
  get isStale(): boolean {
    return this.#areForwardsDue;
  }

  /** What decides over ports, as last looked up. */
  get policy(): PortPolicy {
    const { config, tarpitPort } = this.#sources;
    const { system, ordinary, forwarded } = this.#taken;
    const connected = config.services.filter(({ proto }) => proto !== "udp");
    return {
      grace: config.grace,
      taken: new Set([...config.exclude, ...system, ...forwarded]),
      occupied: ordinary,
      tripwires: config.tripwire,
      own: new Set([config.sshPort, ...connected.map(({ port }) => port), tarpitPort]),
    };
  }

  /** The ports that belong to services of this machine or to others' rules. */
  get taken(): number[] {
    const { system, forwarded } = this.#taken;
    return [...system.union(forwarded)];
  }

  /**
   * Looks again. What cannot be read stays as it was seen last: to open no SSH port at all would be worse.
   *
   * @returns whether anything is different
   */
  async refresh(): Promise<boolean> {
    const before = this.#taken;
    const { ordinary, system } = await this.#try(
      () => this.#sources.listeners(),
      before,
      SERVICES,
    );
    const areForwardsDue = this.#areForwardsDue || this.#unread.has(FORWARDS);
    this.#areForwardsDue = false;
    const forwarded = areForwardsDue
      ? await this.#try(() => this.#forwards(), before.forwarded, FORWARDS)
      : before.forwarded;
    this.#taken = { system, ordinary, forwarded };
    return !(isAlike(system, before.system) && isAlike(ordinary, before.ordinary) &&
      isAlike(forwarded, before.forwarded));
  }

  async #forwards(): Promise<ReadonlySet<number>> {
    const { ports, unreadable } = await this.#sources.firewall.forwards();
    const told = unreadable.join("; ");
    if (told !== "" && told !== this.#told) {
      log.warn("forwards_unreadable", "cannot read all ports that other rules forward", {
        unreadable: told,
        next: "exclude those ports with --exclude",
      });
    }
    this.#told = told;
    return ports;
  }

  async #try<T>(read: () => Promise<T>, before: T, what: string): Promise<T> {
    try {
      const found = await read();
      this.#unread.delete(what);
      return found;
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      if (this.#unread.has(what)) return before;
      this.#unread.add(what);
      log.warn("ports_unreadable", `cannot read which ports ${what}, using the last known ones`, {
        error: error.message,
      });
      return before;
    }
  }
}

function isAlike(a: ReadonlySet<number>, b: ReadonlySet<number>): boolean {
  return a.size === b.size && a.isSubsetOf(b);
}

import { type Address, FAMILIES, type Family, parseAddress } from "../../os/address.ts";
import type { Window } from "../../schedule/windows.ts";
import { tcpServices } from "../access.ts";
import type { Obstacle, Touch } from "../firewall.ts";
import type { Policy } from "../policy.ts";
import type { Answer } from "./attempt.ts";
import { TimedSet } from "./timed_set.ts";

/** What the kernel goes by. */
export interface KernelOptions {
  /** The time of day, unix milliseconds. */
  readonly now: () => number;
  /** Monotonic milliseconds, by which bans end; the wall clock unless given. */
  readonly uptime?: () => number;
  /** The families that can be filtered; both unless given. */
  readonly families?: readonly Family[];
  /** The addresses of this machine. */
  readonly own?: readonly string[];
  /** The most bans of a family; a million unless given. */
  readonly capacity?: number;
}

/** The rules of a family. */
export interface Rules {
  readonly policy: Policy;
  readonly windows: readonly Window[];
}

/** The sets of a family. */
export interface Sets {
  readonly bans: TimedSet;
  /** Networks that are shut out whole. */
  readonly networks: TimedSet;
  /** What other servers reported. */
  readonly shared: TimedSet;
  readonly trusted: TimedSet;
  readonly allowed: Map<string, Address>;
}

const MOST = 1 << 20;
const MOST_SHARED = 1 << 18;
const MOST_NETWORKS = 1 << 16;

/** What a kernel in memory holds: rules, sets, sockets, and who is told of changes. */
export class KernelTables {
  readonly now: () => number;
  readonly families: readonly Family[];
  readonly own: readonly string[];
  readonly rules = new Map<Family, Rules>();
  readonly sets: ReadonlyMap<Family, Sets>;
  /** What was noted since the last look, by source and port. */
  readonly hits = new Map<string, Touch>();
  readonly arrivals = new Map<string, Touch>();
  readonly confirmed = new Map<string, Address>();
  /** Sets that another tool emptied, as a person would name them. */
  readonly emptied = new Set<string>();
  /** Ports that others forward. */
  readonly forwarded = new Set<number>();
  /** Forwarded ports that cannot be read. */
  readonly unreadable: string[] = [];
  /** What denies by default. */
  readonly obstacles: Obstacle[] = [];
  /** Networks that C3PO made this machine's own, in CIDR notation; another tool may take them away. */
  readonly routed = new Set<string>();
  protected readonly sockets = new Map<number, Answer>();
  protected readonly served = new Map<number, Answer>();
  protected readonly denied: string[] = [];
  /** Ports at which others take datagrams. */
  protected readonly receivers = new Set<number>();
  readonly #watchers = new Set<(by: string | null) => void>();

  constructor(options: KernelOptions) {
    const { now, uptime = now, families = FAMILIES, own = [], capacity = MOST } = options;
    this.now = now;
    this.families = families;
    this.own = own.map((text) => parseAddress(text).text);
    const sets = (): Sets => ({
      bans: new TimedSet(capacity, uptime),
      networks: new TimedSet(MOST_NETWORKS, uptime),
      shared: new TimedSet(MOST_SHARED, uptime),
      trusted: new TimedSet(capacity, uptime),
      allowed: new Map(),
    });
    this.sets = new Map(families.map((family) => [family, sets()]));
  }

  /** Loads rules; what was there is replaced. */
  load(family: Family, rules: Rules): void {
    this.rules.set(family, rules);
    this.served.set(rules.policy.tarpitPort, "tarpit");
    for (const { port, name } of tcpServices(rules.policy)) {
      this.served.set(port, `service ${name}`);
    }
    this.changed(null);
  }

  /** Something other than C3PO begins to listen on a port. */
  listen(port: number, answer: Answer = "listener"): void {
    this.sockets.set(port, answer);
  }

  /** Something other than C3PO's services begins to take datagrams at a port. */
  receive(port: number): void {
    this.receivers.add(port);
  }

  /** It does not listen any more. */
  close(port: number): void {
    this.sockets.delete(port);
  }

  /** A rule of another tool blocks a network from the services. */
  deny(network: string): void {
    this.denied.push(network);
  }

  /** Another tool removes all rules, C3PO's as well. */
  flushRules(by: string | null = "iptables", families: readonly Family[] = this.families): void {
    for (const family of families) this.rules.delete(family);
    this.changed(by);
  }

  /** Another tool empties all sets, C3PO's as well. Rules are not changed, so nothing tells. */
  flushSets(families: readonly Family[] = this.families): void {
    for (const family of families) {
      this.#empty(family);
      this.emptied.add(`entries of the IPv${family} sets`);
    }
  }

  /** Removes all rules and entries of C3PO's. */
  clear(): void {
    this.rules.clear();
    for (const family of this.families) this.#empty(family);
    this.emptied.clear();
    for (const notes of [this.hits, this.arrivals, this.confirmed]) notes.clear();
    this.changed(null);
  }

  /** Calls back whenever rules change, until the signal is aborted. */
  watch(changed: (by: string | null) => void, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = (): void => {
      this.#watchers.delete(changed);
      resolve();
    };
    if (signal.aborted) return Promise.resolve();
    this.#watchers.add(changed);
    signal.addEventListener("abort", end, { once: true });
    return promise;
  }

  /** Tells those who watch. */
  changed(by: string | null): void {
    for (const tell of this.#watchers) tell(by);
  }

  #empty(family: Family): void {
    const { bans, networks, shared, trusted, allowed } = this.sets.get(family)!;
    for (const set of [bans, networks, shared, trusted, allowed]) set.clear();
  }
}

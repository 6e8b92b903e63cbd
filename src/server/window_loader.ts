import type { Firewall } from "../firewall/firewall.ts";
import type { Policy } from "../firewall/policy.ts";
import { eventLog } from "../os/event_log.ts";
import { minuteAt } from "../schedule/minute.ts";
import {
  horizonOf,
  type MinutePlan,
  minutesBeside,
  type RefusedDoor,
  type Window,
  windowsOf,
} from "../schedule/windows.ts";
import type { Counters } from "./counters.ts";
import type { Ports } from "./port_policy.ts";
import type { Task } from "./ticker.ts";

/** What the windows are made from. */
export interface WindowSources {
  /** What the keys of the present users say of a minute. */
  readonly plan: (minute: number) => Promise<MinutePlan>;
  /** Seconds for which the kernel knows the ports in advance. */
  readonly ahead: number;
  readonly ports: Ports;
  readonly policy: () => Policy;
  readonly counters: Counters;
  /** Called when rules are about to be changed, and when they were. */
  readonly onChange?: () => void;
}

/** Minutes that stay loaded behind the present one, for a clock that is set back a little. */
const MINUTES_BACK = 2;
/** So many windows of before are kept until a look succeeds. */
const MOST_FORMER = 4;
/** Services that begin to listen are looked for this often, in milliseconds. */
const PORTS_MS = 50_000;

const NEXT = "create a key with a range without such ports: c3po key new";

const log = eventLog("windows");

/**
 * Keeps the windows of the coming minutes in the kernel, which opens and closes them by its own clock.
 * Nothing here runs when a minute changes.
 */
export class WindowLoader implements Task {
  readonly what = "load the ports of the coming minutes";
  readonly #sources: WindowSources;
  readonly #firewall: Firewall;
  /** Another one with each change of users: a plan that is being made then is not kept. */
  #plans = new Map<number, MinutePlan>();
  /** The policy that is loaded, as text. */
  #policy = "";
  #windows: readonly Window[] = [];
  /** Those that were in the kernel since the last look, and are not any more. */
  #former: readonly (readonly Window[])[] = [];
  #loadedAt = -Infinity;
  #portsSeenAt = -Infinity;
  #isDue = false;
  #refused: ReadonlySet<string> = new Set();

  constructor(sources: WindowSources, firewall: Firewall) {
    this.#sources = sources;
    this.#firewall = firewall;
  }

  /** The windows that are in the kernel. */
  get windows(): readonly Window[] {
    return this.#windows;
  }

  /** The windows since the last look at what the kernel noted, in the order in which they were there. */
  get sinceLook(): readonly (readonly Window[])[] {
    return [...this.#former, this.#windows];
  }

  /** What happened until now has been read. */
  looked(): void {
    this.#former = [];
  }

  /**
   * Whether the kernel has the window of this minute: that of the next one is no help, though its grace may
   * have begun.
   *
   * @param now unix milliseconds
   */
  isOpen(now: number): boolean {
    const minute = minuteAt(now);
    return this.#windows.some((window) => window.minute === minute);
  }

  /** Users came, went or changed: all windows are made anew at the next tick. */
  replan(): void {
    this.#plans = new Map();
    this.#isDue = true;
  }

  /** Puts rules and windows in place, at the start and for a repair. */
  async load(now: number): Promise<void> {
    await this.#sources.ports.refresh();
    this.#portsSeenAt = now;
    await this.#load(now);
  }

  async #load(now: number): Promise<void> {
    const policy = this.#sources.policy();
    await this.#apply(now, (windows) => this.#firewall.load(policy, windows));
    this.#policy = JSON.stringify(policy);
  }

  /** The windows that would be loaded now. */
  async windowsAt(now: number): Promise<readonly Window[]> {
    return (await this.#windowsFrom(now)).windows;
  }

  /** Loads new windows when half of them are used up, and sooner when there is reason to. */
  async run(now: number): Promise<boolean> {
    const { ports } = this.#sources;
    if (Math.abs(now - this.#portsSeenAt) >= PORTS_MS || ports.isStale) {
      this.#portsSeenAt = now;
      if (await ports.refresh()) this.#isDue = true;
    }
    if (!this.#needsWindows(now)) return false;
    if (this.#windows.length > 0 && !this.isOpen(now)) {
      log.warn(
        "clock_jump",
        "clock jumped or host was suspended; loading the ports of this minute",
      );
    }
    // The first canary is a service more, and rules have to know of it.
    if (JSON.stringify(this.#sources.policy()) !== this.#policy) await this.#load(now);
    else await this.#apply(now, (windows) => this.#firewall.open(windows));
    return false;
  }

  #needsWindows(now: number): boolean {
    const half = this.#sources.ahead * 1000 / 2;
    return this.#isDue || Math.abs(now - this.#loadedAt) >= half || !this.isOpen(now);
  }

  async #apply(now: number, load: (windows: readonly Window[]) => Promise<void>): Promise<void> {
    const plans = this.#plans;
    const { windows, refused } = await this.#windowsFrom(now);
    this.#isDue = true; // until it is done
    this.#sources.onChange?.();
    await load(windows);
    this.#sources.onChange?.();
    this.#isDue = plans !== this.#plans; // users changed meanwhile
    this.#former = [...this.#former, this.#windows].slice(-MOST_FORMER);
    this.#windows = windows;
    this.#loadedAt = now;
    this.#sources.counters.loaded(horizonOf(windows));
    this.#tell(refused);
  }

  async #windowsFrom(
    now: number,
  ): Promise<{ windows: readonly Window[]; refused: readonly RefusedDoor[] }> {
    const { ahead, ports } = this.#sources;
    const policy = ports.policy;
    const beside = minutesBeside(policy.grace);
    const minute = minuteAt(now);
    const first = Math.max(0, minute - MINUTES_BACK - beside);
    const last = minute + Math.ceil(ahead / 60) + beside;
    const plans: MinutePlan[] = [];
    for (let each = first; each <= last; each++) plans.push(await this.#planOf(each));
    for (const known of this.#plans.keys()) {
      if (known < first || known > last) this.#plans.delete(known);
    }
    return windowsOf(plans, policy);
  }

  async #planOf(minute: number): Promise<MinutePlan> {
    const plans = this.#plans;
    const known = plans.get(minute);
    if (known !== undefined) return known;
    const plan = await this.#sources.plan(minute);
    plans.set(minute, plan);
    return plan;
  }

  /** Says of each door once that it stays shut. */
  #tell(refused: readonly RefusedDoor[]): void {
    const told = this.#refused;
    this.#refused = new Set(
      refused.map(({ minute, port, service, user }) => `${minute} ${port} ${service} ${user}`),
    );
    for (const { minute, port, service, user, by } of refused) {
      if (told.has(`${minute} ${port} ${service} ${user}`)) continue;
      log.warn("port_taken", "port already in use, service not reachable during this minute", {
        service,
        user,
        port,
        minute: new Date(minute * 60_000).toISOString().slice(0, 16) + "Z",
        by: by ?? "a local service or another rule",
        ...(by === null ? { next: NEXT } : {}),
      });
    }
  }
}

import { toolFailures } from "../os/tool_failure.ts";
import type { Clock } from "../os/clock.ts";
import { eventLog } from "../os/event_log.ts";
import { ownPid } from "../os/self.ts";
import type { Firewall } from "../firewall/firewall.ts";
import { formatPortRange, type PortRange } from "../schedule/ports.ts";
import type { Counters } from "./counters.ts";
import { type Endpoint, formatEndpoint, isLoopback } from "./endpoint.ts";
import type { Machine } from "./machine.ts";
import { metricsText } from "./metrics.ts";
import { type MetricsServer, serveMetrics } from "./metrics_server.ts";
import type { ServerConfig } from "./options.ts";
import { SSH_SERVICE } from "../schedule/derivation.ts";
import type { ArrivalLedger } from "../users/arrival_ledger.ts";
import type { User } from "../users/registry.ts";
import type { Report, ReportedShare, ReportedUser } from "./report.ts";
import type { ShareState } from "./share/fleet_share.ts";
import { removeReport, reportFile, writeReport } from "./report_file.ts";
import type { Task } from "./ticker.ts";
import type { WindowLoader } from "./window_loader.ts";

/** What a status is made from. */
export interface Published {
  readonly config: ServerConfig;
  readonly range: () => PortRange;
  readonly runtimeFolder: string;
  /** Where metrics are served; null if they are not. */
  readonly metrics: MetricsServer | null;
  readonly counters: Counters;
  readonly machine: Pick<Machine, "clockSync">;
  readonly firewall: Pick<Firewall, "engine" | "countBans">;
  readonly windows: Pick<WindowLoader, "windows" | "isOpen">;
  /** Who has ports. */
  readonly users: () => readonly User[];
  /** Who came. */
  readonly arrivals: ArrivalLedger;
  /** How it stands with the fleet; null if no bans are shared. */
  readonly share: () => ShareState | null;
  /** How many connections the tarpit holds. */
  readonly held: () => number;
  readonly isFailing: () => boolean;
}

/** The offset of the clock is asked for this often, in milliseconds. */
const OFFSET_MS = 300_000;

const log = eventLog("status");

/** Tells how `serve` is: to `c3po status` through a file, and to Prometheus where that is wanted. */
export class StatusPublisher implements Task {
  readonly what = "write the report for c3po status";
  readonly #published: Published;
  readonly #clock: Clock;
  #file: string | null = null;
  #written = "";
  #offset: number | null = null;
  #offsetAt = -Infinity;

  constructor(published: Published, clock: Clock) {
    this.#published = published;
    this.#clock = clock;
    published.metrics?.answerWith(() => this.#metrics());
  }

  /** Writes a report if there is news. The first one does not wait for the clock's offset. */
  async run(now: number): Promise<boolean> {
    this.#file ??= await reportFile(this.#published.runtimeFolder);
    if (this.#written !== "" && Math.abs(now - this.#offsetAt) >= OFFSET_MS) {
      this.#offsetAt = now;
      this.#offset = (await this.#published.machine.clockSync()).offset;
    }
    const report = this.#report();
    const text = JSON.stringify(report);
    if (text === this.#written) return false;
    try {
      await writeReport(this.#file, report);
    } catch (error) {
      // No report is better than an old one; and where the disk is full, it makes room for the next.
      this.#written = "";
      await removeReport(this.#file);
      throw error;
    }
    this.#written = text;
    return false;
  }

  /** Removes the report. */
  async close(): Promise<void> {
    if (this.#file !== null) await removeReport(this.#file);
  }

  #report(): Report {
    const { config, range, counters, windows, firewall, held, isFailing } = this.#published;
    return {
      pid: ownPid(),
      startedAt: counters.startedAt,
      engine: firewall.engine,
      sshPort: config.sshPort,
      door: config.door ?? null,
      range: formatPortRange(range()),
      grace: config.grace,
      windows: windows.windows,
      users: this.#users(),
      isFailing: isFailing(),
      held: held(),
      tarpitConnections: counters.tarpitConnections,
      hits: sum(Object.values(counters.hits)),
      bans: sum(Object.values(counters.bans)),
      arrivals: counters.arrivals,
      logins: counters.logins,
      loads: counters.loads,
      repairs: counters.repairs,
      lastRepair: counters.lastRepair,
      lastProbe: counters.lastProbe,
      toolErrors: sum([...toolFailures.values()]),
      clockOffset: this.#offset,
      share: this.#share(),
      recent: counters.recent,
    };
  }

  #share(): ReportedShare | null {
    const { share, counters } = this.#published;
    const state = share();
    if (state === null) return null;
    const refused = Object.entries(counters.refusedLines).filter(([, lines]) => lines > 0);
    return { ...state, ...counters.share, refused: Object.fromEntries(refused) };
  }

  #users(): ReportedUser[] {
    const { config, users, arrivals } = this.#published;
    const all = [SSH_SERVICE, ...config.services.map(({ name }) => name)];
    return users().map(({ name, services, expires, state }) => {
      const last = arrivals.last.get(name);
      return {
        user: name,
        services: services === "all" ? all : services,
        expires,
        state,
        lastArrival: last === undefined
          ? null
          : { at: last.at, address: last.address, service: last.service },
      };
    });
  }

  async #metrics(): Promise<string> {
    const { firewall, counters, windows, held } = this.#published;
    return metricsText(counters, {
      held: held(),
      isOpen: windows.isOpen(this.#clock.now()),
      banned: await firewall.countBans(),
      toolErrors: toolFailures,
      showsUsers: this.#published.config.metricsUsers,
      clockOffset: this.#offset,
      share: this.#published.share(),
      now: this.#clock.now(),
    });
  }
}

/**
 * Opens the listener for metrics, if there is one.
 *
 * @throws {Failure} if it cannot listen there
 */
export function openMetrics(endpoint: Endpoint | undefined): MetricsServer | null {
  if (endpoint === undefined) return null;
  const metrics = serveMetrics(endpoint);
  const at = `http://${formatEndpoint(endpoint)}/metrics`;
  if (isLoopback(endpoint)) log.info("metrics", "serving metrics", { at });
  else log.warn("metrics", "serving metrics to anyone who can reach this address", { at });
  return metrics;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

import { getLogger } from "@logtape/logtape";
import type { Family } from "../core/address.ts";
import type { ServerConfig } from "../core/server_options.ts";
import { type Endpoint, formatEndpoint, isLoopback } from "../core/endpoint.ts";
import { C3poError } from "../core/errors.ts";
import { banSet } from "../core/firewall/sets.ts";
import { metricsText } from "../core/metrics.ts";
import { formatPortRange } from "../core/ports.ts";
import type { Report } from "../core/report.ts";
import type { Schedule } from "../core/schedule.ts";
import type { Tally } from "../core/tally.ts";
import type { Clock } from "../host/clock.ts";
import { clockSync } from "../host/clock_sync.ts";
import { pid } from "../host/host.ts";
import { setSizes } from "../host/ipset.ts";
import { type MetricsServer, serveMetrics } from "../host/metrics.ts";
import { removeReport, reportFile, writeReport } from "../host/report.ts";
import { toolFailures } from "../host/tool_failure.ts";
import { Alarm } from "./alarm.ts";
import type { Defence } from "./defence.ts";
import type { Rotation } from "./rotation.ts";

/** What the world may be told. */
export interface Published {
  readonly config: ServerConfig;
  readonly families: readonly Family[];
  readonly schedule: Pick<Schedule, "range">;
  readonly runtimeFolder: string;
  /** Where Prometheus asks; null if it shall not. */
  readonly figures: MetricsServer | null;
  readonly tally: Tally;
  readonly defence: Pick<Defence, "held">;
  readonly rotation: Pick<Rotation, "onTime">;
}

/** News are told this often at most. */
const SHORTEST_REST_MS = 1000;
/** Whether there is any that nobody tells of, as when things are not what they should be, this often. */
const LONGEST_REST_MS = 30_000;
/** Whoever sets the clock is asked this often. */
const ASK_MS = 300_000;
const RETRY_MS = 60_000;

const log = getLogger(["c3po", "publish"]);

/** Tells how `serve` is: to `c3po status` through a file, and to Prometheus where that is wanted. */
export class Publisher {
  readonly #published: Published;
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  #offset: number | null = null;
  #asked = -Infinity;

  constructor(published: Published, clock: Clock) {
    this.#published = published;
    this.#clock = clock;
    this.#alarm = new Alarm(clock);
  }

  /** Writes a report whenever there is news, until the signal is aborted, and removes it then. */
  async run(signal: AbortSignal): Promise<void> {
    const { runtimeFolder, figures, tally, defence } = this.#published;
    tally.tell(() => this.#alarm.ring());
    figures?.answerWith(() => this.#metrics());
    let file: string | null = null;
    await using end = new AsyncDisposableStack();
    end.defer(async () => {
      if (file !== null) await removeReport(file);
    });
    for (let told = ""; !signal.aborted;) {
      try {
        file ??= await reportFile(runtimeFolder);
        await this.#askForOffset();
        const report = this.#report();
        const news = JSON.stringify(report);
        if (news !== told) await writeReport(file, report);
        told = news;
      } catch (error) {
        if (!(error instanceof C3poError)) throw error;
        log.error("cannot leave word for c3po status", { error: error.message });
        await this.#clock.sleep(RETRY_MS, signal);
      }
      await this.#clock.sleep(SHORTEST_REST_MS, signal);
      // Whoever is held may go at any time.
      if (defence.held === 0) await this.#alarm.sleep(LONGEST_REST_MS, signal);
    }
  }

  #report(): Report {
    const { config, schedule, tally, defence, rotation } = this.#published;
    return {
      pid,
      startedAt: tally.startedAt,
      sshPort: config.sshPort,
      range: formatPortRange(schedule.range),
      grace: config.grace,
      onTime: rotation.onTime(),
      held: defence.held,
      arrivals: tally.arrivals,
      hits: sum(Object.values(tally.hits)),
      bans: sum(Object.values(tally.bans)),
      changes: tally.changes,
      failedChanges: tally.failedChanges,
      lastDelaySeconds: tally.lastDelaySeconds,
      worstDelaySeconds: tally.worstDelaySeconds,
      repairs: tally.repairs,
      lastRepair: tally.lastRepair,
      toolErrors: sum([...toolFailures.values()]),
      clockOffset: this.#offset,
      recent: tally.recent,
    };
  }

  async #metrics(): Promise<string> {
    const { families, tally, defence, rotation } = this.#published;
    const sizes = await setSizes();
    return metricsText(tally, {
      held: defence.held,
      onTime: rotation.onTime(),
      banned: new Map(families.map((family) => [family, sizes.get(banSet(family).name) ?? 0])),
      toolErrors: toolFailures,
      clockOffset: this.#offset,
    });
  }

  async #askForOffset(): Promise<void> {
    const now = this.#clock.now();
    if (Math.abs(now - this.#asked) < ASK_MS) return;
    this.#asked = now;
    this.#offset = (await clockSync()).offset;
  }
}

/**
 * Listens where Prometheus shall ask, if it shall.
 *
 * @throws {Failure} if it cannot listen there
 */
export function openFigures(endpoint: Endpoint | undefined): MetricsServer | null {
  if (endpoint === undefined) return null;
  const figures = serveMetrics(endpoint);
  const at = `http://${formatEndpoint(endpoint)}/metrics`;
  if (isLoopback(endpoint)) log.info("figures are given out", { at });
  else log.warn("figures are given out to whoever can reach this address", { at });
  return figures;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

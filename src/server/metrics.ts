import { FAMILIES, type Family } from "../os/address.ts";
import type { Counters } from "./counters.ts";
import type { ShareState } from "./share/fleet_share.ts";
import { VERSION } from "../os/version.ts";

/** What `serve` knows of itself at a moment, beside its counts. */
export interface Gauges {
  /** Connections the tarpit holds. */
  readonly held: number;
  /** Whether the kernel has the ports of this moment. */
  readonly isOpen: boolean;
  /** Bans in the kernel, also those made by hand; null where counting them would be slow. */
  readonly banned: Readonly<Record<Family, number>> | null;
  /** How often each tool failed since the start. */
  readonly toolErrors: ReadonlyMap<string, number>;
  /** Whether arrivals are labelled with users: who works when is private by default. */
  readonly showsUsers: boolean;
  /** Seconds this clock is ahead of true time; null if unknown. */
  readonly clockOffset: number | null;
  /** How it stands with the fleet; null if no bans are shared. */
  readonly share: ShareState | null;
  /** The present time, unix milliseconds. */
  readonly now: number;
}

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** The media type of {@linkcode metricsText}. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Counts and gauges in Prometheus's text format, version 0.0.4. No port and no address is in them:
 * reading metrics must not reveal the SSH port or who connected to it.
 */
export function metricsText(counters: Counters, gauges: Gauges): string {
  return metrics(counters, gauges).map(({ name, type, help, samples }) =>
    [
      `# HELP ${name} ${escaped(help)}`,
      `# TYPE ${name} ${type}`,
      ...samples.map(({ labels = {}, value }) => `${name}${labelText(labels)} ${value}`),
      "",
    ].join("\n")
  ).join("");
}

function metrics(counters: Counters, gauges: Gauges): Metric[] {
  const { banned, clockOffset } = gauges;
  return [
    gauge("c3po_build_info", "The running version, as a label.", [{
      labels: { version: VERSION },
      value: 1,
    }]),
    gauge("c3po_start_time_seconds", "Start time of serve, in unix seconds.", [
      { value: counters.startedAt / 1000 },
    ]),
    gauge("c3po_ports_current", "1 if the ports of this minute are loaded in the kernel, else 0.", [
      { value: gauges.isOpen ? 1 : 0 },
    ]),
    counter(
      "c3po_bans_total",
      "Bans by traps, by family and trigger.",
      FAMILIES.flatMap((family) =>
        (["syn", "handshake"] as const).map((trigger) => ({
          labels: { family: familyName(family), trigger },
          value: counters.bans[`${family} ${trigger}`],
        }))
      ),
    ),
    counter(
      "c3po_hits_total",
      "Hits on traps recorded by the kernel.",
      FAMILIES.map((family) => ({
        labels: { family: familyName(family) },
        value: counters.hits[family],
      })),
    ),
    ...banned === null ? [] : [
      gauge(
        "c3po_banned_addresses",
        "Addresses (IPv6: /64 networks) currently banned.",
        FAMILIES.map((family) => ({
          labels: { family: familyName(family) },
          value: banned[family],
        })),
      ),
    ],
    gauge("c3po_held_connections", "Connections currently held by the tarpit.", [
      { value: gauges.held },
    ]),
    counter("c3po_trap_connections_total", "Completed connections to traps.", [
      { value: counters.tarpitConnections },
    ]),
    counter(
      "c3po_arrivals_total",
      "Completed connections through ports that lead to a service.",
      gauges.showsUsers ? arrivalsByUser(counters) : [{ value: counters.arrivals }],
    ),
    counter("c3po_logins_total", "Logins through C3PO reported by sshd.", [
      { value: counters.logins },
    ]),
    counter("c3po_loads_total", "Times that the ports of coming minutes were loaded.", [
      { value: counters.loads },
    ]),
    gauge(
      "c3po_horizon_timestamp_seconds",
      "End of the last loaded minute, in unix seconds.",
      [{ value: counters.horizon }],
    ),
    counter(
      "c3po_repairs_total",
      "Times that rules or sets were restored after another tool changed them.",
      [
        { value: counters.repairs },
      ],
    ),
    counter(
      "c3po_tool_errors_total",
      "Failed calls of external tools, by tool.",
      [...new Set([...TOOLS, ...gauges.toolErrors.keys()])].map((tool) => ({
        labels: { tool },
        value: gauges.toolErrors.get(tool) ?? 0,
      })),
    ),
    ...gauges.share === null ? [] : shareMetrics(counters, gauges.share, gauges.now),
    ...clockOffset === null ? [] : [
      gauge(
        "c3po_clock_offset_seconds",
        "How far the clock is ahead of its time source, in seconds.",
        [
          { value: clockOffset },
        ],
      ),
    ],
  ];
}

function shareMetrics(counters: Counters, share: ShareState, now: number): Metric[] {
  return [
    gauge("c3po_share_up", "1 if the store of the fleet answers, else 0.", [
      { value: share.store === "up" ? 1 : 0 },
    ]),
    gauge("c3po_share_members", "Members of the fleet.", [{ value: share.members }]),
    gauge("c3po_share_running", "Bans of other servers that run here.", [
      { value: share.running },
    ]),
    ...share.current === null ? [] : [
      gauge(
        "c3po_share_behind_seconds",
        "Seconds since all reports in the store were known here.",
        [{ value: Math.max(0, Math.round((now - share.current) / 1000)) }],
      ),
    ],
    counter("c3po_share_published_total", "Reports of this server that the store has taken.", [
      { value: counters.share.published },
    ]),
    counter("c3po_share_applied_total", "Bans made for reports of other servers.", [
      { value: counters.share.applied },
    ]),
    counter(
      "c3po_share_refused_total",
      "Lines of the fleet that changed nothing, by the reason.",
      Object.entries(counters.refusedLines).map(([reason, value]) => ({
        labels: { reason },
        value,
      })),
    ),
  ];
}

function arrivalsByUser({ arrivalsOf }: Counters): Sample[] {
  return [...arrivalsOf].map(([key, value]) => {
    const [user, service] = key.split(" ") as [string, string];
    return { labels: { user, service }, value };
  });
}

/** Shown with 0 too, so that an increase from nothing is an increase. */
const TOOLS = ["cat", "ss"];

function counter(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: "counter", help, samples };
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: "gauge", help, samples };
}

function familyName(family: Family): string {
  return `ipv${family}`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) =>
    `${name}="${escaped(value).replaceAll('"', '\\"')}"`
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

import { FAMILIES, type Family } from "./address.ts";
import { DELAY_BOUNDS, type Tally } from "./tally.ts";
import { VERSION } from "./version.ts";

/** What `serve` knows of itself at a moment, beside its counts. */
export interface Gauges {
  /** Connections the tarpit holds. */
  readonly held: number;
  /** Whether the ports that are open are those of the minute. */
  readonly onTime: boolean;
  /** Bans in the kernel, also those made by hand, of each family that is served. */
  readonly banned: ReadonlyMap<Family, number>;
  /** How often each tool failed since the start. */
  readonly toolErrors: ReadonlyMap<string, number>;
  /** Seconds this clock is ahead of true time; null if nobody here knows. */
  readonly clockOffset: number | null;
}

type Labels = Readonly<Record<string, string>>;

interface Sample {
  /** Behind the name of the metric, such as `_bucket`. */
  readonly suffix?: string;
  readonly labels?: Labels;
  readonly value: number;
}

interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** The media type of {@linkcode metricsText}. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Counts and gauges in Prometheus's text format, version 0.0.4. No port and no address is in them:
 * whoever may read figures need not learn where the door is, or who stood before it.
 */
export function metricsText(tally: Tally, gauges: Gauges): string {
  return metrics(tally, gauges).map(({ name, type, help, samples }) =>
    [
      `# HELP ${name} ${escaped(help)}`,
      `# TYPE ${name} ${type}`,
      ...samples.map(({ suffix = "", labels = {}, value }) =>
        `${name}${suffix}${labelText(labels)} ${value}`
      ),
      "",
    ].join("\n")
  ).join("");
}

function metrics(tally: Tally, gauges: Gauges): Metric[] {
  const { clockOffset } = gauges;
  return [
    gauge("c3po_build_info", "The version that runs, as a label.", [{
      labels: { version: VERSION },
      value: 1,
    }]),
    gauge("c3po_start_time_seconds", "When serve started, in unix seconds.", [
      { value: tally.startedAt / 1000 },
    ]),
    gauge("c3po_ports_current", "1 while the open ports are those of the minute, else 0.", [
      { value: gauges.onTime ? 1 : 0 },
    ]),
    counter(
      "c3po_bans_total",
      "Bans earned at traps, by family and by what triggered them.",
      FAMILIES.flatMap((family) =>
        (["syn", "handshake"] as const).map((trigger) => ({
          labels: { family: familyName(family), trigger },
          value: tally.bans[`${family} ${trigger}`],
        }))
      ),
    ),
    counter(
      "c3po_hits_total",
      "Touches of traps that the kernel noted.",
      FAMILIES.map((family) => ({
        labels: { family: familyName(family) },
        value: tally.hits[family],
      })),
    ),
    gauge(
      "c3po_banned_addresses",
      "Addresses (IPv6: networks of 64 bits) that are banned now.",
      [...gauges.banned].map(([family, value]) => ({
        labels: { family: familyName(family) },
        value,
      })),
    ),
    gauge("c3po_held_connections", "Connections that the tarpit holds now.", [
      { value: gauges.held },
    ]),
    counter("c3po_trap_connections_total", "Connections that were completed to traps.", [
      { value: tally.arrivals },
    ]),
    counter("c3po_changes_total", "Changes of minute.", [{ value: tally.changes }]),
    counter("c3po_change_failures_total", "Changes of minute that had to be tried again.", [
      { value: tally.failedChanges },
    ]),
    {
      name: "c3po_change_delay_seconds",
      type: "histogram",
      help: "From the beginning of a minute until its ports were live.",
      samples: delays(tally),
    },
    counter("c3po_repairs_total", "Times that rules or sets taken away by others were put back.", [
      { value: tally.repairs },
    ]),
    counter(
      "c3po_tool_errors_total",
      "Calls of a tool that failed, by tool.",
      [...new Set([...TOOLS, ...gauges.toolErrors.keys()])].map((tool) => ({
        labels: { tool },
        value: gauges.toolErrors.get(tool) ?? 0,
      })),
    ),
    ...clockOffset === null ? [] : [
      gauge("c3po_clock_offset_seconds", "How far this clock is ahead of its time source.", [
        { value: clockOffset },
      ]),
    ],
  ];
}

/** Shown with 0 too, so that an increase from nothing is an increase. */
const TOOLS = ["ipset", "iptables-restore", "ip6tables-restore"];

/** Each class of a histogram counts what all smaller ones do. */
function delays(tally: Tally): Sample[] {
  let count = 0;
  const buckets = [...DELAY_BOUNDS.map(String), "+Inf"].map((le, i) => {
    count += tally.delays[i]!;
    return { suffix: "_bucket", labels: { le }, value: count };
  });
  return [
    ...buckets,
    { suffix: "_sum", value: tally.delaySeconds },
    { suffix: "_count", value: count },
  ];
}

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

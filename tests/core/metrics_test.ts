import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Gauges, metricsText } from "../../src/core/metrics.ts";
import { Tally } from "../../src/core/tally.ts";
import { complaints, type Exposition, readExposition } from "./exposition.ts";

const QUIET: Gauges = {
  held: 0,
  onTime: true,
  banned: new Map([[4, 0], [6, 0]]),
  toolErrors: new Map(),
  clockOffset: null,
};

function busy(): Tally {
  const tally = new Tally(1_700_000_000_000);
  tally.hit(4);
  tally.hit(4);
  tally.hit(6);
  const event = { at: 0, address: "192.0.2.7", port: 31337, offences: 1, seconds: 900 };
  tally.ban({ ...event, trigger: "syn" }, 4);
  tally.ban({ ...event, address: "2001:db8::1", trigger: "handshake" }, 6);
  for (const delay of [0.4, 3, 3, 40, 9000]) tally.change(delay);
  tally.failedChange();
  tally.arrival();
  tally.repair({ at: 0, what: "rules" });
  return tally;
}

function valueOf(exposition: Exposition, series: string): number | undefined {
  return exposition.samples.get(series);
}

Deno.test("the figures keep the rules of Prometheus, at rest and with everything counted", () => {
  assertEquals(complaints(metricsText(new Tally(0), QUIET)), []);
  const gauges = { ...QUIET, clockOffset: -0.0012, toolErrors: new Map([['a"b\\c\nd', 2]]) };
  assertEquals(complaints(metricsText(busy(), gauges)), []);
});

Deno.test("each event is counted under its family, trigger and tool", () => {
  const gauges: Gauges = {
    held: 3,
    onTime: false,
    banned: new Map([[4, 17], [6, 1]]),
    toolErrors: new Map([["ipset", 2]]),
    clockOffset: 0.25,
  };
  const figures = readExposition(metricsText(busy(), gauges));
  const expected: Record<string, number> = {
    'c3po_bans_total{family="ipv4",trigger="syn"}': 1,
    'c3po_bans_total{family="ipv4",trigger="handshake"}': 0,
    'c3po_bans_total{family="ipv6",trigger="handshake"}': 1,
    'c3po_hits_total{family="ipv4"}': 2,
    'c3po_hits_total{family="ipv6"}': 1,
    'c3po_banned_addresses{family="ipv4"}': 17,
    c3po_held_connections: 3,
    c3po_trap_connections_total: 1,
    c3po_ports_current: 0,
    c3po_changes_total: 5,
    c3po_change_failures_total: 1,
    'c3po_change_delay_seconds_bucket{le="0.001"}': 1,
    'c3po_change_delay_seconds_bucket{le="0.005"}': 3,
    'c3po_change_delay_seconds_bucket{le="0.05"}': 4,
    'c3po_change_delay_seconds_bucket{le="5"}': 4,
    'c3po_change_delay_seconds_bucket{le="+Inf"}': 5,
    c3po_change_delay_seconds_count: 5,
    c3po_repairs_total: 1,
    'c3po_tool_errors_total{tool="ipset"}': 2,
    'c3po_tool_errors_total{tool="iptables-restore"}': 0,
    c3po_clock_offset_seconds: 0.25,
    c3po_start_time_seconds: 1_700_000_000,
  };
  for (const [series, value] of Object.entries(expected)) {
    assertEquals(valueOf(figures, series), value, series);
  }
  const sum = valueOf(figures, "c3po_change_delay_seconds_sum")!;
  assert(Math.abs(sum - 9.0464) < 1e-9, String(sum));
});

Deno.test("an offset that nobody knows is no figure, not a zero", () => {
  assertEquals(metricsText(new Tally(0), QUIET).includes("clock_offset"), false);
});

Deno.test("no port and no address is among the figures", () => {
  const text = metricsText(busy(), QUIET);
  for (const secret of ["31337", "192.0.2.7", "2001:db8"]) {
    assertEquals(text.includes(secret), false, secret);
  }
});

Deno.test("the judge of the figures finds what it shall find", () => {
  const good = "# HELP c3po_x_total X.\n# TYPE c3po_x_total counter\nc3po_x_total 1\n";
  assertEquals(complaints(good), []);
  const bad: [string, RegExp][] = [
    [good.replaceAll("_total", ""), /counter.*_total/],
    [good.replace("counter", "gauge"), /only counters end in _total/],
    [good.replace("# HELP c3po_x_total X.\n", ""), /no HELP/],
    [good.replace("# TYPE c3po_x_total counter\n", ""), /no TYPE/],
    [good + "c3po_x_total 2\n", /twice/],
    [good.replace("c3po_x_total 1", 'c3po_x_total{A-b="1"} 1'), /cannot be read/],
    [good.replaceAll("_x_", "_x_milliseconds_"), /base unit/],
    [good.replaceAll("c3po_x", "x"), /begins with c3po_/],
    [good.replace("_total 1", "_total one"), /cannot be read/],
    [good.trimEnd(), /line feed/],
    [good.replace("X.", ""), /no text/],
    [good.replaceAll("_x_", "_fooBar_"), /snake_case/],
  ];
  for (const [text, why] of bad) assertMatch(complaints(text).join("\n"), why);
});

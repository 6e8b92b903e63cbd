import { assertEquals, assertMatch } from "@std/assert";
import { type Gauges, metricsText } from "../../src/server/metrics.ts";
import { Counters } from "../../src/server/counters.ts";
import { complaints, type Exposition, readExposition } from "./exposition.ts";

const QUIET: Gauges = {
  share: null,
  now: 1_800_000_000_000,
  held: 0,
  isOpen: true,
  banned: { 4: 0, 6: 0 },
  toolErrors: new Map(),
  showsUsers: false,
  clockOffset: null,
};

function busy(): Counters {
  const counters = new Counters(1_700_000_000_000);
  counters.hit(4);
  counters.hit(4);
  counters.hit(6);
  const event = { at: 0, address: "192.0.2.7", port: 31337, offences: 1, seconds: 900 };
  counters.ban({ ...event, trigger: "syn" }, 4);
  counters.ban({ ...event, address: "2001:db8::1", trigger: "handshake" }, 6);
  for (const horizon of [1_700_000_600, 1_700_000_900]) counters.loaded(horizon);
  counters.tarpitConnection();
  counters.login();
  counters.arrival([{ user: "alice", service: "ssh" }, { user: "bob", service: "ssh" }]);
  counters.arrival([{ user: "alice", service: "postgres" }]);
  counters.repair({ at: 0, what: "rules" });
  return counters;
}

function valueOf(exposition: Exposition, series: string): number | undefined {
  return exposition.samples.get(series);
}

Deno.test("the figures keep the rules of Prometheus, at rest and with everything counted", () => {
  assertEquals(complaints(metricsText(new Counters(0), QUIET)), []);
  const gauges = { ...QUIET, clockOffset: -0.0012, toolErrors: new Map([['a"b\\c\nd', 2]]) };
  assertEquals(complaints(metricsText(busy(), gauges)), []);
});

Deno.test("each event is counted under its family, trigger and tool", () => {
  const gauges: Gauges = {
    share: null,
    now: 1_800_000_000_000,
    held: 3,
    isOpen: false,
    banned: { 4: 17, 6: 1 },
    toolErrors: new Map([["ipset", 2]]),
    showsUsers: false,
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
    c3po_arrivals_total: 2,
    c3po_logins_total: 1,
    c3po_loads_total: 2,
    c3po_horizon_timestamp_seconds: 1_700_000_900,
    c3po_repairs_total: 1,
    'c3po_tool_errors_total{tool="ipset"}': 2,
    'c3po_tool_errors_total{tool="ss"}': 0,
    c3po_clock_offset_seconds: 0.25,
    c3po_start_time_seconds: 1_700_000_000,
  };
  for (const [series, value] of Object.entries(expected)) {
    assertEquals(valueOf(figures, series), value, series);
  }
});

Deno.test("an offset that nobody knows is no figure, not a zero", () => {
  assertEquals(metricsText(new Counters(0), QUIET).includes("clock_offset"), false);
});

Deno.test("bans that nobody can count are no figure, not a zero", () => {
  const text = metricsText(new Counters(0), { ...QUIET, banned: null });
  assertEquals(complaints(text), []);
  assertEquals(text.includes("banned_addresses"), false);
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

Deno.test("who came is told by user where that was asked for, and nowhere else", () => {
  const series = (showsUsers: boolean): [string, number][] =>
    [...readExposition(metricsText(busy(), { ...QUIET, showsUsers })).samples].filter(([name]) =>
      name.startsWith("c3po_arrivals_total")
    );
  assertEquals(series(false), [["c3po_arrivals_total", 2]]);
  assertEquals(series(true), [
    ['c3po_arrivals_total{user="alice",service="ssh"}', 1],
    ['c3po_arrivals_total{user="bob",service="ssh"}', 1],
    ['c3po_arrivals_total{user="alice",service="postgres"}', 1],
  ]);
  assertEquals(complaints(metricsText(busy(), { ...QUIET, showsUsers: true })), []);
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { formatEndpoint, isLoopback, parseEndpoint } from "../../src/core/endpoint.ts";
import { Malformed } from "../../src/core/errors.ts";
import { formatReport, parseReport } from "../../src/core/report.ts";
import { MOST_RECENT, Tally } from "../../src/core/tally.ts";
import { REPORT } from "./report.ts";

Deno.test("an endpoint is an address and a port, or a port of loopback", () => {
  for (const text of ["127.0.0.1:9101", "[::1]:9101", "0.0.0.0:1", "[2001:db8::1]:65535"]) {
    assertEquals(formatEndpoint(parseEndpoint(text)), text);
  }
  for (const text of ["9101", ":9101"]) {
    assertEquals(formatEndpoint(parseEndpoint(text)), "127.0.0.1:9101");
  }
  const bad = [
    "",
    "localhost:9101",
    "::1:9101",
    "1.2.3.4",
    "1.2.3.4:",
    "1.2.3.4:0",
    "[::1]",
    "[]:x",
  ];
  for (const text of [...bad, "1.2.3.4:70000", "1.2.3:80"]) {
    assertThrows(() => parseEndpoint(text), Malformed, undefined, text);
  }
  assert(isLoopback(parseEndpoint("127.1.2.3:80")) && isLoopback(parseEndpoint("[::1]:80")));
  assert(!isLoopback(parseEndpoint("0.0.0.0:80")) && !isLoopback(parseEndpoint("[::]:80")));
});

Deno.test("a report is read as it was written, and nothing else is", () => {
  assertEquals(parseReport(formatReport(REPORT)), REPORT);
  const other = {
    ...REPORT,
    lastDelaySeconds: null,
    lastRepair: { at: 1_700_000_100_000, what: "IPv4 rules" },
    clockOffset: -3,
    recent: REPORT.recent.map((ban) => ({ ...ban, port: null })),
  };
  assertEquals(parseReport(formatReport(other)), other);
  const broken = [
    "",
    "[]",
    "null",
    "{}",
    formatReport(REPORT).slice(0, -9),
    JSON.stringify({ ...REPORT, pid: -1 }),
    JSON.stringify({ ...REPORT, range: 7 }),
    JSON.stringify({ ...REPORT, recent: [{ ...REPORT.recent[0], address: "\x1b[2J" }] }),
  ];
  for (const text of broken) assertThrows(() => parseReport(text), Malformed);
});

Deno.test("the tally remembers the latest bans only, the newest first", () => {
  const tally = new Tally(0);
  for (let at = 1; at <= MOST_RECENT + 5; at++) {
    tally.ban({ at, address: "192.0.2.1", port: 1, trigger: "syn", offences: at, seconds: 1 }, 4);
  }
  assertEquals(tally.bans["4 syn"], MOST_RECENT + 5);
  assertEquals(tally.recent.length, MOST_RECENT);
  assertEquals(tally.recent[0]!.at, MOST_RECENT + 5);
});

Deno.test("the delay of a change is never negative, and the worst is remembered", () => {
  const tally = new Tally(0);
  for (const delay of [-2, 40, 7]) tally.change(delay);
  assertEquals([tally.lastDelaySeconds, tally.worstDelaySeconds], [0.007, 0.04]);
  assertEquals(tally.delays.reduce((sum, each) => sum + each), 3);
});

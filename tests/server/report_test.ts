import { assert, assertEquals, assertThrows } from "@std/assert";
import { formatEndpoint, isLoopback, parseEndpoint } from "../../src/server/endpoint.ts";
import { Malformed } from "../../src/os/errors.ts";
import { formatReport, parseReport } from "../../src/server/report.ts";
import { Counters, MOST_RECENT } from "../../src/server/counters.ts";
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
    lastRepair: { at: 1_700_000_100_000, what: "IPv4 rules" },
    clockOffset: -3,
    recent: REPORT.recent.map((ban) => ({ ...ban, port: null })),
  };
  assertEquals(parseReport(formatReport(other)), other);
  const [ban] = REPORT.recent;
  const broken: [string, string][] = [
    ["", "it is not JSON"],
    ["[]", "pid is missing"],
    ["null", "it is not an object"],
    [formatReport(REPORT).slice(0, -9), "it is not JSON"],
    [JSON.stringify({ ...REPORT, pid: -1 }), "pid is not at least 0"],
    [JSON.stringify({ ...REPORT, range: 7 }), "range is not a string"],
    [JSON.stringify({ ...REPORT, windows: [{}] }), "windows.0.minute is missing"],
    [
      JSON.stringify({ ...REPORT, recent: [ban, { ...ban, port: "x" }] }),
      "recent.1.port is not a number",
    ],
  ];
  for (const [text, message] of broken) {
    const error = assertThrows(() => parseReport(text), Malformed);
    assertEquals(error.message, `not a report of serve: ${message}`);
  }
  const address = JSON.stringify({ ...REPORT, recent: [{ ...ban, address: "\x1b[2J" }] });
  assertThrows(() => parseReport(address), Malformed, "recent.0.address is refused");
});

Deno.test("the counters remember the latest bans only, the newest first", () => {
  const counters = new Counters(0);
  for (let at = 1; at <= MOST_RECENT + 5; at++) {
    counters.ban(
      { at, address: "192.0.2.1", port: 1, trigger: "syn", offences: at, seconds: 1 },
      4,
    );
  }
  assertEquals(counters.bans["4 syn"], MOST_RECENT + 5);
  assertEquals(counters.recent.length, MOST_RECENT);
  assertEquals(counters.recent[0]!.at, MOST_RECENT + 5);
});

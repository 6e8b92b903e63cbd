import { assert, assertEquals, assertMatch } from "@std/assert";
import { minuteStart } from "../../src/core/minute.ts";
import { type KernelState, secondsLeft, statusJson, statusOf } from "../../src/core/status.ts";
import { fit, paint, span, widthOf } from "../../src/core/view/ink.ts";
import { portMap } from "../../src/core/view/port_map.ts";
import { statusFrame } from "../../src/core/view/status_frame.ts";
import { StatusView } from "../../src/core/view/status_view.ts";
import { frameText, keysIn } from "../../src/core/view/view.ts";
import { REPORT } from "./report.ts";

const MINUTE = 29_922_240;
const NOW = minuteStart(MINUTE) + 50_000;

const KERNEL: KernelState = {
  // Ten seconds before the change: 10 + 15 of grace for ours, a minute more for the next.
  ssh: [{ port: 50_123, seconds: 85 }, { port: 13_257, seconds: 25 }],
  traps: [2000, 2001, 30_000, 65_535],
  banned: { 4: 30, 6: 0 },
  bans: Array.from({ length: 30 }, (_, i) => ({ address: `192.0.2.${i}`, seconds: 900 - i })),
  sshdListens: true,
};

const STATUS = statusOf(KERNEL, REPORT, NOW);

function text(lines: ReturnType<typeof statusFrame>): string[] {
  return lines.map((line) => paint(line, false).trimEnd());
}

Deno.test("the time a port has left tells whose minute it is", () => {
  assertEquals(STATUS.ssh.map(({ port, minute }) => [port, minute - MINUTE]), [
    [13_257, 0],
    [50_123, 1],
  ]);
  const later = statusOf(
    { ...KERNEL, ssh: [{ port: 50_123, seconds: 70 }, { port: 13_257, seconds: 10 }] },
    REPORT,
    minuteStart(MINUTE + 1) + 5000,
  );
  assertEquals(later.ssh.map(({ minute }) => minute - MINUTE), [1, 0]);
});

Deno.test("seconds to the change count down to one, never to nought", () => {
  assertEquals([0, 1, 59_999].map((ms) => secondsLeft(minuteStart(MINUTE) + ms)), [60, 60, 1]);
});

Deno.test("a frame fits its terminal, whatever its size", () => {
  for (const columns of [1, 20, 79, 80, 81, 109, 110, 250]) {
    for (const rows of [1, 5, 24, 31, 32, 70]) {
      const frame = statusFrame(STATUS, { columns, rows });
      assert(frame.length <= rows, `${frame.length} of ${rows} rows`);
      for (const line of frame) {
        assert(widthOf(line) <= columns, `${columns}x${rows}: "${paint(line, false)}"`);
      }
    }
  }
});

Deno.test("a frame of 80 by 24 shows what there is to know", () => {
  const lines = text(statusFrame(STATUS, { columns: 80, rows: 24 }));
  assertEquals(lines.length, 24);
  assertMatch(lines[0]!, /^ C3PO serving for 1h2m, process 812 +2026-11-22 08:00:50 UTC$/);
  assertMatch(lines[2]!, /^ {2}next change in 10 s {2}█+░+$/);
  assertEquals(lines[3], "  S SSH 13257 next 50123   x 4 traps");
  assertMatch(lines[7]!, /^ {2}BANS 30 \(IPv4 30, IPv6 0\) +LAST HITS$/);
  assertMatch(lines[8]!, /^ {2}192\.0\.2\.0 +15m {2}08:00:50 {2}192\.0\.2\.7 +→ 4711$/);
  assert(lines.includes("  and 18 more"), lines.join("\n"));
  assertEquals(
    lines.at(-2),
    "  tarpit holds 2, took 9   changes 100 (last 2 ms, worst 30 ms)   repairs 0",
  );
});

Deno.test("the map has each port in its place", () => {
  const lines = text(portMap({ low: 1000, high: 2999 }, { ssh: [1000, 2999], traps: [] }, 10, 2));
  assertEquals(lines, ["1000 S········· 1999", "2000 ·········S 2999"]);
  const traps = [1000, 1001, 1999, ...Array.from({ length: 12 }, (_, i) => 2000 + i)];
  const full = text(portMap({ low: 1000, high: 2999 }, { ssh: [], traps }, 10, 2));
  assertEquals(full, ["1000 2········x 1999", "2000 #········· 2999"]);
});

Deno.test("what is wrong is said with what to do, and makes the status not ok", () => {
  const dead = statusOf({ ...KERNEL, ssh: [], traps: [] }, null, NOW);
  assertEquals(JSON.parse(statusJson(dead)).ok, false);
  const lines = text(statusFrame(dead, { columns: 80, rows: 24 })).join("\n");
  assertMatch(lines, /fail {2}serve is not running\n +-> start it: /);
  const late = statusOf(KERNEL, { ...REPORT, onTime: false, clockOffset: -20 }, NOW);
  assertEquals(late.health.filter(({ grade }) => grade === "fail").map(({ what }) => what), [
    "ports",
    "clock",
  ]);
});

Deno.test("arrows scroll through the bans, and no further", () => {
  const view = new StatusView();
  view.show(STATUS);
  const first = (): string =>
    text(view.render({ columns: 80, rows: 24 }))[8]!.trim().split(" ")[0]!;
  for (let i = 0; i < 3; i++) view.onKey("down");
  assertEquals(first(), "192.0.2.3");
  for (let i = 0; i < 50; i++) view.onKey("down");
  assertEquals(first(), "192.0.2.29");
  view.show(statusOf({ ...KERNEL, bans: KERNEL.bans!.slice(0, 2) }, REPORT, NOW));
  assertEquals(first(), "192.0.2.1");
  view.onKey("home");
  view.onKey("up");
  assertEquals(first(), "192.0.2.0");
  assertEquals(["q", "escape", "ctrl-c", "x"].map((key) => view.onKey(key)), [
    "quit",
    "quit",
    "quit",
    "go on",
  ]);
});

Deno.test("keys are told from what terminals send for them", () => {
  assertEquals(keysIn("q\x1b[A\x1bOB\x1b[1~\x1b[5~j\x03"), [
    "q",
    "up",
    "down",
    "home",
    "j",
    "ctrl-c",
  ]);
  assertEquals(keysIn("\x1b"), ["escape"]);
  assertEquals(keysIn(""), []);
});

Deno.test("a frame for the terminal covers every cell, so that nothing need be erased", () => {
  const view = new StatusView();
  view.show(STATUS);
  const size = { columns: 80, rows: 24 };
  const sent = frameText(view.render(size), size, false);
  const lines = sent.replace("\x1b[?2026h\x1b[H", "").replace("\x1b[?2026l", "").split("\r\n");
  assertEquals(lines.map((line) => [...line].length), Array(24).fill(80));
  for (const erasing of ["\x1b[K", "\x1b[J", "\x1b[2J"]) assert(!sent.includes(erasing));
});

Deno.test("a line is cut or filled to its width", () => {
  assertEquals(paint(fit([span("abc"), span("def")], 4), false), "abcd");
  assertEquals(paint(fit([span("ab")], 4), false), "ab  ");
});

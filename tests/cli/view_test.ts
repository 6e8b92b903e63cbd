import { assert, assertEquals, assertMatch } from "@std/assert";
import { minuteStart } from "../../src/schedule/minute.ts";
import { secondsLeft, type Seen, type Status, statusOf } from "../../src/server/status.ts";
import { statusJson } from "../../src/server/status_json.ts";
import { fit, paint, span, widthOf } from "../../src/os/ink.ts";
import { portMap } from "../../src/cli/view/port_map.ts";
import { statusFrame } from "../../src/cli/view/status_frame.ts";
import { StatusView } from "../../src/cli/view/status_view.ts";
import { frameText, keysIn } from "../../src/cli/view/view.ts";
import { parseAddress } from "../../src/os/address.ts";
import type { Window } from "../../src/schedule/windows.ts";
import type { Report } from "../../src/server/report.ts";
import { REPORT } from "../server/report.ts";

const MINUTE = 29_922_240;
const NOW = minuteStart(MINUTE) + 50_000;

const SEEN: Seen = {
  isLoaded: true,
  banned: { 4: 30, 6: 0 },
  bans: Array.from({ length: 30 }, (_, i) => ({
    address: parseAddress(`192.0.2.${i}`),
    seconds: 900 - i,
  })),
  pid: null,
  sshdListens: true,
};

/** A minute's window with one door, as a grace of 15 s makes it. */
function windowOf(minute: number, port: number, traps: readonly number[]): Window {
  const start = minuteStart(minute) / 1000;
  const doors = [{ service: "ssh", port, user: "default" }];
  return { minute, from: start - 15, until: start + 75, doors, traps };
}

const SERVING: Report = {
  ...REPORT,
  windows: [
    windowOf(MINUTE - 1, 1111, [1112]),
    windowOf(MINUTE, 13_257, [2000, 2001]),
    windowOf(MINUTE + 1, 50_123, [30_000, 65_535]),
    windowOf(MINUTE + 2, 2222, [2223]),
  ],
};

const STATUS = statusOf(SEEN, SERVING, NOW);

function text(lines: ReturnType<typeof statusFrame>): string[] {
  return lines.map((line) => paint(line, false).trimEnd());
}

Deno.test("what is open now is shown, this minute's port first, each with the time it has left", () => {
  const shown = (now: number) =>
    statusOf(SEEN, SERVING, now).ssh.map(({ port, minute, seconds }) => [
      port,
      minute - MINUTE,
      seconds,
    ]);
  assertEquals(shown(NOW), [[13_257, 0, 25], [50_123, 1, 85]]);
  assertEquals(shown(minuteStart(MINUTE) + 20_000), [[13_257, 0, 55]]);
  assertEquals(shown(minuteStart(MINUTE + 1) + 5000), [[50_123, 1, 70], [13_257, 0, 10]]);
  assertEquals(STATUS.traps, [2000, 2001, 30_000, 65_535]);
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
  assertEquals(lines[3], "  S SSH 13257 next 50123   x 4 traps   odds 1 in 3");
  assertMatch(lines[7]!, /^ {2}BANS 30 \(IPv4 30, IPv6 0\) +LAST HITS$/);
  assertMatch(lines[8]!, /^ {2}192\.0\.2\.0 +15m {2}08:00:50 {2}192\.0\.2\.7 +→ 4711$/);
  assert(lines.includes("  and 18 more"), lines.join("\n"));
  assertEquals(
    lines.at(-2),
    "  tarpit holds 2, took 9   logins 3   repairs 0",
  );
});

Deno.test("with several users their ports are counted, and who came last is shown first", () => {
  const [own] = REPORT.users;
  const alice = { at: NOW - 1000, address: "2001:db8::7", service: "ssh" };
  const users = [
    own!,
    { ...own!, user: "alice", lastArrival: alice },
    { ...own!, user: "bob", lastArrival: null },
  ];
  const windows = SERVING.windows.map((window) => ({
    ...window,
    doors: ["default", "alice"].map((user, i) => ({
      service: "ssh",
      port: window.doors[0]!.port + i,
      user,
    })),
  }));
  const status = statusOf(SEEN, { ...SERVING, users, windows }, NOW);
  const lines = text(statusFrame(status, { columns: 120, rows: 24 }));
  assert(lines.some((line) => line.includes("SSH 2 users' ports   x")), lines.join("\n"));
  const comers = lines.find((line) => line.includes("last arrivals"))!;
  assertMatch(
    comers,
    /last arrivals {2}alice 2026-11-22 08:00:49 2001:db8::7, default 2026-11-22 08:00:40 192\.0\.2\.9$/,
  );
  assertEquals(
    text(statusFrame(STATUS, { columns: 120, rows: 24 })).join().includes("arrivals"),
    false,
  );
  assertEquals(status.odds, { real: 2, traps: 2, oneIn: 2 });
});

Deno.test("the map has each port in its place", () => {
  const lines = text(portMap({ low: 1000, high: 2999 }, { ssh: [1000, 2999], traps: [] }, 10, 2));
  assertEquals(lines, ["1000 S········· 1999", "2000 ·········S 2999"]);
  const traps = [1000, 1001, 1999, ...Array.from({ length: 12 }, (_, i) => 2000 + i)];
  const full = text(portMap({ low: 1000, high: 2999 }, { ssh: [], traps }, 10, 2));
  assertEquals(full, ["1000 2········x 1999", "2000 #········· 2999"]);
});

Deno.test("what is wrong is said with what to do, and makes the status not ok", () => {
  const dead = statusOf({ ...SEEN, isLoaded: false }, null, NOW);
  assertEquals(JSON.parse(statusJson(dead)).ok, false);
  const lines = text(statusFrame(dead, { columns: 80, rows: 24 })).join("\n");
  assertMatch(lines, /fail {2}serve is not running\n +-> start it: /);
  const failed = (status: Status) =>
    status.health.filter(({ grade }) => grade === "fail").map(({ what, found }) => [what, found]);
  assertEquals(failed(statusOf(SEEN, null, NOW)), [
    ["serve", "is not running, but its rules are still loaded"],
  ]);
  const late = statusOf({ ...SEEN, sshdListens: false, isLoaded: false }, {
    ...SERVING,
    windows: SERVING.windows.slice(0, 1),
    clockOffset: -20,
    isFailing: true,
  }, NOW);
  assertEquals(failed(late), [
    ["ports", "have run out"],
    ["ssh", "has no port this minute"],
    ["sshd", "does not listen on port 22"],
    ["rules", "are not in the kernel"],
    ["serve", "has a failing task"],
    ["clock", "is 20.000 s behind"],
  ]);
  assertEquals(failed(STATUS), []);
  assertEquals(STATUS.health[0], {
    grade: "ok",
    what: "ports",
    found: "are loaded for 2m25s",
  });
});

Deno.test("what went wrong and was mended is told, and the status is ok", () => {
  const repaired = { ...SERVING, toolErrors: 2, lastRepair: { at: NOW - 1000, what: "rules" } };
  const { health } = statusOf(SEEN, repaired, NOW);
  assertEquals(health.filter(({ grade }) => grade === "warn").map(({ found }) => found), [
    "failed 2 times",
    "last at 2026-11-22T08:00:49Z: rules",
  ]);
  assertEquals(JSON.parse(statusJson(statusOf(SEEN, repaired, NOW))).ok, true);
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
  view.show(statusOf({ ...SEEN, bans: SEEN.bans!.slice(0, 2) }, SERVING, NOW));
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

Deno.test("a name from outside is no part of a screen's own words", () => {
  const line = [span("a\x1b[2J\u202eb\nc", "title")];
  assertEquals(paint(line, false), "a\\u001b[2J\\u202eb c");
});

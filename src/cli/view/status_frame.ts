import { formatDuration } from "../../os/duration.ts";
import type { Finding } from "../../os/finding.ts";
import { minuteAt } from "../../schedule/minute.ts";
import { formatMoment } from "../../schedule/moment.ts";
import { DEFAULT_RANGE, parsePortRange } from "../../schedule/ports.ts";
import { type OpenPort, secondsLeft, type Status } from "../../server/status.ts";
import { apart, fit, type Ink, type Line, span, widthOf } from "../../os/ink.ts";
import { portMap } from "./port_map.ts";

/** How large a frame is. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** From so many columns on there is room for what would else be left out. */
const WIDE = 110;
const MARGIN = "  ";

const GRADES: Readonly<Record<Finding["grade"], Ink>> = { ok: "good", warn: "warn", fail: "bad" };

/**
 * A picture of the server at one moment.
 *
 * @param scroll how many bans of the list are passed over
 * @returns lines, at most as many and as wide as there is room for
 */
export function statusFrame(status: Status, { columns, rows }: Size, scroll = 0): Line[] {
  const tall = rows >= 32;
  const top = [
    heading(status, columns),
    [],
    countdown(status.now, columns),
    ...tall ? [[]] : [],
    legend(status),
    ...map(status, columns, tall ? 4 : 2),
    [],
  ];
  const bottom = [
    [],
    ...arrivals(status),
    figures(status, columns),
    ...findings(status, columns),
  ];
  const room = Math.max(0, rows - top.length - bottom.length);
  return [...top, ...lists(status, columns, room, scroll), ...bottom]
    .slice(0, rows).map((line) => widthOf(line) > columns ? fit(line, columns) : line);
}

function heading({ now, pid, report }: Status, columns: number): Line {
  const state = report === null
    ? pid === null ? span("not serving", "bad") : span("serving, without a report", "warn")
    : span(`serving for ${formatDuration(roughly((now - report.startedAt) / 1000))}`, "good");
  const who = pid === null ? [] : [span(`, process ${pid}`, "faint")];
  const time = span(`${formatMoment(now).replace("T", " ").replace("Z", "")} UTC `, "faint");
  return apart([span(" C3PO ", "title"), state, ...who], [time], columns);
}

/** The two largest units are enough. */
function roughly(seconds: number): number {
  const unit = seconds >= 86_400 ? 3600 : seconds >= 3600 ? 60 : 1;
  return Math.max(0, Math.floor(seconds / unit) * unit);
}

function countdown(now: number, columns: number): Line {
  const left = secondsLeft(now);
  const label = span(`${MARGIN}next change in ${String(left).padStart(2)} s  `);
  const width = Math.max(0, columns - widthOf([label]) - MARGIN.length);
  const done = Math.round((60 - left) * width / 60);
  return [label, span("█".repeat(done), "bar"), span("░".repeat(width - done), "faint")];
}

function legend({ now, ssh, traps, odds }: Status): Line {
  const minute = minuteAt(now);
  const own = ssh.filter((port) => port.minute === minute);
  const others = ssh.filter((port) => port.minute !== minute).map((port) =>
    span(` ${port.minute < minute ? "last" : "next"} ${port.port}`)
  );
  return [
    span(`${MARGIN}S`, "ssh"),
    span(" SSH "),
    own.length === 0 ? span("shut", "bad") : span(portsOf(own), "ssh"),
    ...own.length > 1 ? [] : others, // of many users there would be too many
    span("   x", "trap"),
    span(` ${traps.length} ${traps.length === 1 ? "trap" : "traps"}`),
    ...odds === null ? [] : [span(`   odds 1 in ${odds.oneIn}`)],
  ];
}

/** The port, or how many there are where several users have one. */
function portsOf(own: readonly OpenPort[]): string {
  return own.length === 1 ? String(own[0]!.port) : `${own.length} users' ports`;
}

function map({ report, ssh, traps }: Status, columns: number, rows: number): Line[] {
  const range = report === null ? DEFAULT_RANGE : parsePortRange(report.range);
  const width = Math.max(1, columns - 2 * (MARGIN.length + 1 + String(range.high).length));
  const ports = { ssh: ssh.map(({ port }) => port), traps };
  return portMap(range, ports, width, rows).map((line) => [span(MARGIN), ...line]);
}

function lists(status: Status, columns: number, rows: number, scroll: number): Line[] {
  const wide = columns >= WIDE;
  const left = Math.floor(columns * (wide ? 0.4 : 0.45));
  const bans = [bansTitle(status), ...bansList(status, left, scroll)];
  const hits = [[span("LAST HITS", "title")], ...hitsList(status, wide)];
  return Array.from({ length: rows }, (_, row) => [
    ...fit([span(MARGIN), ...overflow(bans, row, rows)], left),
    span(MARGIN),
    ...hits[row] ?? [],
  ]);
}

/** The last row that is seen says how many are not. */
function overflow(lines: readonly Line[], row: number, rows: number): Line {
  if (row < rows - 1 || lines.length <= rows) return lines[row] ?? [];
  return [span(`and ${lines.length - rows + 1} more`, "faint")];
}

function bansTitle({ banned }: Status): Line {
  if (banned === null) return [span("BANS", "title")];
  const count = banned[4] + banned[6];
  return [span(`BANS ${count}`, "title"), span(` (IPv4 ${banned[4]}, IPv6 ${banned[6]})`, "faint")];
}

function bansList({ bans }: Status, columns: number, scroll: number): Line[] {
  if (bans === null) return [[span("too many to list here: c3po ban", "faint")]];
  return bans.slice(scroll).map(({ address, seconds }) => {
    const left = seconds === null ? "forever" : formatDuration(seconds);
    return apart([span(address)], [span(left, "warn")], columns - MARGIN.length);
  });
}

function hitsList({ report }: Status, wide: boolean): Line[] {
  return (report?.recent ?? []).map(({ at, address, port, trigger, offences, seconds }) => [
    span(`${new Date(at).toISOString().slice(11, 19)}  `, "faint"),
    span(address.padEnd(15)),
    span(" → ", "faint"),
    span(port === null ? "?" : String(port), "trap"),
    ...wide
      ? [span(`  ${trigger}, offence ${offences}, banned for ${formatDuration(seconds)}`, "faint")]
      : [],
  ]);
}

/** The last arrival of each user, the latest first; of a single user logins say enough. */
function arrivals({ report }: Status): Line[] {
  if (report === null || report.users.length < 2) return [];
  const seen = report.users.flatMap(({ user, lastArrival }) =>
    lastArrival === null ? [] : [{ user, ...lastArrival }]
  ).sort((one, other) => other.at - one.at);
  const list = seen.map(({ user, at, address }) =>
    `${user} ${formatMoment(at).replace("T", " ").replace("Z", "")} ${address}`
  );
  const text = list.length === 0 ? "none yet" : list.join(", ");
  return [[span(`${MARGIN}last arrivals  `, "title"), span(text)]];
}

function figures({ report }: Status, columns: number): Line {
  if (report === null) return [];
  const { held, tarpitConnections, logins, repairs, engine } = report;
  const parts = [
    `tarpit holds ${held}, took ${tarpitConnections}`,
    `logins ${logins}`,
    `repairs ${repairs}`,
    ...columns >= WIDE ? [`hits ${report.hits}`, `bans ${report.bans}`, engine] : [],
  ];
  return [span(MARGIN + parts.join("   "))];
}

/** What is well on one line, what is not on lines of its own. */
function findings({ health }: Status, columns: number): Line[] {
  const bad = health.filter(({ grade }) => grade !== "ok");
  const good = health.filter(({ grade }) => grade === "ok").map(({ what, found }) =>
    `${what} ${found}`
  ).join(", ");
  return [
    ...good === "" ? [] : [[span(`${MARGIN}ok    `, "good"), span(good)]],
    ...bad.map(({ grade, what, found, todo }): Line => [
      span(`${MARGIN}${grade.padEnd(6)}`, GRADES[grade]),
      span(`${what} ${found}`),
      ...todo === undefined || columns < WIDE ? [] : [span(`  -> ${todo}`, "faint")],
    ]),
    ...columns >= WIDE
      ? []
      : bad.flatMap(({ todo }) => todo === undefined ? [] : [[span(`${MARGIN}      -> ${todo}`)]]),
  ];
}

/** The rows of the tables in `docs/BENCHMARKS.md`. */
import type { Bans } from "./bans.ts";
import type { Cost } from "./cost.ts";
import type { Attack } from "./flood.ts";
import type { Summary } from "./harness/stats.ts";
import type { Timed } from "./harness/timing.ts";
import type { Scan, Seen } from "./scan.ts";
import { megabytes, more, number, spread } from "./text.ts";

const refused = (why: string): string => `did not run: ${why.replaceAll("|", "/")}`;

export function scanRow(one: Seen): string[] {
  const outcome = ({ shutOut, scanners }: Scan): string => {
    if (shutOut === 0) return "not shut out";
    if (shutOut < scanners) return `${shutOut} of ${scanners} shut out`;
    return one.reaction ? "shut out" : "hidden from all";
  };
  const cell = (each: Scan | undefined): string =>
    each === undefined
      ? "–"
      : `${each.sshd ? "**found**" : "not found"}, ${number(each.open)} open; ${outcome(each)}`;
  if (one.refused !== undefined) return [one.name, refused(one.refused), "", "", "", ""];
  const { reaction } = one;
  return [
    `${one.name} (${one.setting})`,
    cell(one.syn),
    cell(one.connect),
    cell(one.many),
    reaction === null || reaction === undefined ? "–" : reaction.offence,
    reaction === null || reaction === undefined
      ? "never acts"
      : reaction.ms === null
      ? `all (${spread(reaction.answered)}), never shut out`
      : `${spread(reaction.answered)} in ${spread(reaction.ms)} ms`,
  ];
}

export function costRow(one: Cost): string[] {
  if (one.refused !== undefined) return [one.name, refused(one.refused), "", "", "", "", ""];
  return [
    one.name,
    megabytes(one.use!.residentKb),
    megabytes(one.use!.privateKb),
    String(one.use!.processes),
    number(one.cpuMs!.usual),
    spread(one.start),
    megabytes(one.diskKb),
  ];
}

export function floodRow(one: Attack): string[] {
  const kind = one.kind === "syns" ? "SYNs from 100,000 addresses" : "500 connections, held";
  if (one.refused !== undefined) return [one.name, kind, refused(one.refused), "", "", "", ""];
  const memory = one.memoryBefore && one.memoryAfter
    ? `${megabytes(one.memoryBefore.residentKb)} → ${megabytes(one.memoryAfter.residentKb)}`
    : "–";
  return [
    one.name,
    kind,
    spread(one.before),
    `${spread(one.during)}, ${one.failed} failed`,
    number(one.seconds!),
    one.cpuMs === undefined ? "–" : number(one.cpuMs),
    memory,
  ];
}

export function bansRow(one: Bans): string[] {
  const start = [number(one.bans), one.name];
  if (one.refused !== undefined) return [...start, refused(one.refused), "", "", ""];
  return [
    ...start,
    number(one.loadSeconds!),
    spread(one.oneMoreMs),
    spread(one.connectMs),
    percent(one.morePercent),
  ];
}

export function percent(summary: Summary | undefined): string {
  return summary === undefined ? "–" : more(summary);
}

export function startRow({ name, command, summary }: Timed): string[] {
  const shown = command.length > 60 ? `${command.slice(0, 57)}…` : command;
  return [name, `\`${shown.replaceAll("|", "\\|")}\``, spread(summary), number(summary.least)];
}

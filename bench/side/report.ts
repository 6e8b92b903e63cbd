/**
 * Writes `docs/BENCHMARKS.md` from the results of `main.ts` and the notes beside this file:
 * `report.ts [RESULTS [DOCUMENT]]`.
 */
import { fromFileUrl } from "@std/path";
import { bansRow, costRow, floodRow, percent, scanRow, startRow } from "./rows.ts";
import { otherDebian } from "./other_debian.ts";
import { type Results, resultsOf } from "./results.ts";
import { megabytes, more, number, spread, table } from "./text.ts";

const here = (name: string): string => fromFileUrl(new URL(name, import.meta.url));

const [folder = here("./results"), document = here("../../docs/BENCHMARKS.md")] = Deno.args;

const [small, login, cost, change, scan, flood, bans] = await Promise.all([
  resultsOf(folder, "small"),
  resultsOf(folder, "login"),
  resultsOf(folder, "cost"),
  resultsOf(folder, "change"),
  resultsOf(folder, "scan"),
  resultsOf(folder, "flood"),
  resultsOf(folder, "bans"),
]);

const source = ({ command, seconds, machine: on }: Results<unknown>, name: string): string =>
  `Measured by \`${command}\` in ${seconds} s, ${on.date}, with a load of ${
    number(on.load)
  } when it began; raw data: ` +
  `[${name}.json](../bench/side/results/${name}.json).`;

function machineText({ machine: on }: Results<unknown>): string {
  const versions = Object.entries(on.versions).map(([name, version]) => `${name} ${version}`);
  return `${on.date}, ${on.cores} cores of ${on.cpu}, ${on.memoryGb} GB, virtual machine: ` +
    `${on.virtual}; ${on.system}, Linux ${on.kernel}. A load above that of the ` +
    `measurement itself means that the machine had other work, which lengthens everything: then what counts ` +
    `is the comparison within a table, not the figure.\n\n` +
    `Versions: ${versions.join(", ")}.`;
}

const c3poCost = cost.found.find(({ name }) => name === "C3PO")!;
const nftablesCost = cost.found.find(({ name }) => name === "C3PO with nftables")!;
const reached = scan.found.find(({ name }) => name === "C3PO")!.reaction;
const ssh = login.found.find(({ name }) => name === "c3po ssh")!;
const million = bans.found.serve.find(({ bans: count }) => count === 1_000_000);
const oneMore = (name: string, count: number) =>
  bans.found.stores.find((each) => each.name.startsWith(name) && each.bans === count);
const hundred = oneMore("ipset", 100_000);
const startOf = (command: string) =>
  small.found.starts.find(({ name }) => name === command)!.summary;
const portTime = startOf("c3po port");
const empty = startOf("true");
const deno = startOf("deno with an empty program");

const goals = [
  [
    "connections of an attacker that reach SSH after its first touch of a trap",
    "0",
    reached ? spread(reached.answered) : "–",
  ],
  ["`c3po ssh` over plain `ssh`, ms", "≤ 29", more(ssh.more)],
  [
    `change of minute, boundary to ports live, median, ms`,
    "0, by construction",
    number(change.found.delayMs.median),
  ],
  ["the same, 99th percentile, ms", "0, by construction", number(change.found.delayMs.p99)],
  ["the same, longest time without an open SSH port, ms", "0", number(change.found.gapMs.most)],
  ["a ban more, with 100,000 present, ms", "≤ 2", spread(hundred?.oneMoreMs)],
  [
    "a connection beside 100,000 bans, % more than beside none",
    "± 5",
    percent(hundred?.morePercent),
  ],
  ["one million bans loaded, s", "≤ 5", million ? number(million.startSeconds) : "–"],
  ["`serve` idle, CPU ms a minute, iptables", "≤ 15", number(c3poCost.cpuMs?.usual ?? NaN)],
  ["the same, nftables", "≤ 8", number(nftablesCost.cpuMs?.usual ?? NaN)],
  [
    "`serve` resident with the tools that it keeps running, MB (by itself: " +
    megabytes(c3poCost.use?.itselfKb ?? NaN) + ")",
    "≤ 42",
    megabytes(c3poCost.use?.residentKb ?? NaN),
  ],
  ["`serve` memory of its own, MB", "≤ 11", megabytes(c3poCost.use?.privateKb ?? NaN)],
  ["`c3po port` with a random key, ms", "≤ 20", spread(portTime)],
];

const sections = [
  "# Measured, side by side",
  "C3PO beside what an administrator would pick instead, each in a network namespace of its own on " +
  "one machine, in one run:\n\n```sh\nsudo bench/run.sh\n```",
  "gets the peers from the system's packages (none is started as a service), measures, and writes this " +
  "file, its pictures and the raw data. Figures are medians, with the quartiles in brackets, unless " +
  "they say otherwise. “C3PO” is what `install.sh` puts in place; “compiled” is the single executable of " +
  "`.ci/compile`, whose runtime is that of an older Deno: its figures are not those of a release.",
  machineText(small),
  "portsentry 2 is in Debian's unstable alone: that package is what is measured on Debian 13, below. port-jump " +
  "and totp-ssh-fluxer are neither in Debian nor on npm (`apt-cache policy`, `npm view`, 2026-11-30), and are " +
  "not measured.",
  "## Goals",
  table(["what", "goal", "measured"], goals),
  `The goals in milliseconds were set on a machine that starts \`true\` in 2 ms; this one took ${
    number(empty.median)
  } that day, and ${
    number(deno.median)
  } for a start of Deno with nothing to do. What starts programs takes ` +
  "longer in proportion: “What was tried” at the end has the figures of the faster machine.",
  "## What does a scan find, and when is it shut out?",
  "Each scan is nmap's, of all 65,535 ports: SYNs, whole connections, and 50 addresses that share the " +
  "work. “Found” means that the port that leads to sshd at that moment was seen open; which of C3PO's " +
  "open ports it is, the scan does not tell. How often an address meets sshd before a trap is a matter of " +
  "odds: [SECURITY-MODEL.md](SECURITY-MODEL.md). Shut out is whose next connection to sshd's port fails; " +
  "of 50 addresses only those that touched a trap are. A sweep may happen to knock in the right order. " +
  "The last column counts connections to sshd's port, one begun every 0.1 ms, that came to the server " +
  "after the offence and were still answered, and when the last came: within 0.03 ms the other core may " +
  "still have the touch before it.",
  table(
    ["", "`nmap -sS -p-`", "`nmap -sT -p-`", "50 addresses", "offence", "answered after it"],
    scan.found.map(scanRow),
  ),
  source(scan, "scan"),
  ...scan.note === undefined ? [] : [scan.note],
  "## How much later am I logged in?",
  "Milliseconds of the whole command; all ways in turn, round after round, and the difference to plain " +
  "ssh in the same round. knockd and fwknop as their manuals say: ssh starts at once, loses its first " +
  "SYN, and sends it again a second later. “When the port is open” is the best that could be scripted.",
  "![Time to log in](pictures/bench-login.svg)",
  table(
    ["", "command", "ms", "more than plain ssh, ms"],
    login.found.map(({ name, command, summary, failed, more: extra }, i) => [
      name,
      `\`${command}\``,
      spread(summary),
      (i === 0 ? "" : more(extra)) + (failed > 0 ? `; ${failed} failed` : ""),
    ]),
  ),
  source(login, "login"),
  "## What does it cost to run?",
  "All of them idle at the same time, after 35 seconds to settle, and started as after a boot: nothing of them is " +
  "in the page cache before. (Of a program that was just installed the kernel has all pages at hand, and maps " +
  "more of them than are used: some 5 MB more of Deno.) Memory is added up over the processes of " +
  "a tool, libraries that they share once for each; “own” is what is no part of a file, so that the kernel cannot drop it. CPU " +
  "time includes every program that is started; each second of the minute counts as it was in the median of four " +
  "minutes, for what a hypervisor takes from a machine in the middle of its work is counted as work. Size on disk includes the interpreter, but not libraries " +
  "that each Debian has.",
  table(
    ["", "resident MB", "own MB", "processes", "CPU ms a minute", "start ms", "disk MB"],
    cost.found.map(costRow),
  ),
  source(cost, "cost"),
  ...cost.note === undefined ? [] : [cost.note],
  "## What does a change of minute cost?",
  `${change.found.changes} changes of the real program and the real kernel, without grace, which is the ` +
  "hardest case: a client connects every millisecond to the port that goes and to the one that comes. The " +
  "port was shut between the end of the first try that the old one refused and the begin of the last that " +
  "the new one did. All four servers and their clients run at the same time on two cores, so a client waits " +
  "for a processor as well.",
  "![Delay of a change of minute](pictures/bench-change.svg)",
  table(
    ["", "median ms", "quartiles", "99 %", "most"],
    ([["boundary to first connection", change.found.delayMs], [
      "without an open SSH port",
      change.found.gapMs,
    ]] as const)
      .map(([name, each]) => [
        name,
        number(each.median),
        `${number(each.low)}–${number(each.high)}`,
        number(each.p99),
        number(each.most),
      ]),
  ),
  table(
    [
      "engine and `serve`",
      "changes",
      "not seen",
      "first connection, median ms",
      "most",
      "shut at most, ms",
    ],
    change.found.ways.map(({ name, missed, delayMs, gapMs }) => [
      name,
      number(delayMs.count + missed),
      number(missed),
      number(delayMs.median),
      number(delayMs.most),
      number(gapMs.most),
    ]),
  ),
  `Changes not seen within 100 ms: ${change.found.missed}. The kernel's own clock opens and closes the ` +
  "ports: no process takes part.",
  "The change of 16 ports alone, as a command, with the tools that could make it:",
  table(["", "command", "ms", "least"], change.found.tools.map(startRow)),
  source(change, "change"),
  "## How many bans?",
  "Addresses in a set or in rules at INPUT, loaded by one command; a connection is that of a client who is " +
  "not banned, to each machine in turn. The last column compares it, in blocks of 200, with one to a machine " +
  "with the same rules and an empty set; two machines without any bans show what such a difference is worth.",
  "![Time of a connection beside the number of bans](pictures/bench-bans.svg)",
  table(
    ["bans", "", "load s", "one more ms", "connection ms", "more, %"],
    bans.found.stores.map(bansRow),
  ),
  "`c3po serve` itself with iptables, stopped (it saves them) and started (it takes them up again); nftables saves what C3PO remembers, some 80,000 at most:",
  table(
    ["bans", "stop s", "start s"],
    bans.found.serve.map((each) => [
      number(each.bans),
      number(each.stopSeconds),
      number(each.startSeconds),
    ]),
  ),
  source(bans, "bans"),
  "## What if it is attacked?",
  "An innocent client logs in again and again: before, and during the attack. The attack goes to a trap, or " +
  "the tarpit, or sshd itself. The sender takes one of the two cores for itself, whatever it attacks.",
  table(
    [
      "",
      "attack",
      "login before, ms",
      "login during, ms",
      "seconds",
      "CPU ms of the tool",
      "resident MB",
    ],
    flood.found.map(floodRow),
  ),
  source(flood, "flood"),
  "## How fast are the small things?",
  table(["", "command", "ms", "least"], small.found.starts.map(startRow)),
  "Ports of a minute, one for SSH and 15 traps, computed one after the other:",
  table(
    ["", "a second"],
    small.found.rates.map(({ name, perSecond }) => [name, spread(perSecond)]),
  ),
  source(small, "small"),
  ...await otherDebian([folder, here("./results/debian13")]),
  (await Deno.readTextFile(here("./notes.md"))).trim(),
];

await Deno.writeTextFile(document, sections.join("\n\n") + "\n");

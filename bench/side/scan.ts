/** What does a scan find, and when is it shut out? */
import {
  type Child,
  Lab,
  must,
  type Namespace,
  probe,
  sshArgs,
  untilMinute,
  waitFor,
} from "../../tests/kernel/lab.ts";
import { parseScan, type SynAnswer } from "../../tests/kernel/lab/reach.ts";
import { type LoggingSshd, startLoggingSshd } from "./harness/sshd.ts";
import { progress } from "./harness/progress.ts";
import { type Summary, summary } from "./harness/stats.ts";
import { PEERS } from "./peers/all.ts";
import type { Offence, Peer, Running } from "./peers/peer.ts";

const NMAP = [
  "-n",
  "-Pn",
  "-T4",
  "--disable-arp-ping",
  "--max-retries",
  "1",
  "--min-rate",
  "20000",
];
const ADDRESSES = 50;
/** Microseconds from one packet of the stream to the next. */
const STREAM_US = 100;

/** One scan of all ports. */
export interface Scan {
  readonly command: string;
  readonly seconds: number;
  /** Ports that looked open. */
  readonly open: number;
  /** Whether sshd's port was among them. */
  readonly sshd: boolean;
  /** How many of the scanners fail to connect to sshd's port afterwards, and how many there were. */
  readonly shutOut: number;
  readonly scanners: number;
}

/** What a tool does about an attacker that it has noticed. */
export interface Reaction {
  readonly offence: string;
  /** Connections to sshd's port that began after the offence and were answered. */
  readonly answered: Summary;
  /** From the offence to the last of them; null if they went on. */
  readonly ms: Summary | null;
}

/** What was seen of one tool. */
export interface Seen {
  readonly name: string;
  readonly setting: string;
  readonly refused?: string;
  readonly syn?: Scan;
  readonly connect?: Scan;
  readonly many?: Scan;
  readonly reaction?: Reaction | null;
}

export interface Effort {
  /** How often each reaction is measured. */
  readonly reactions: number;
  /** Which tools; all unless given. */
  readonly only?: readonly string[];
}

export async function scan({ reactions, only }: Effort): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (const peer of PEERS.filter(({ name }) => only?.includes(name) ?? true)) {
    const { name, setting } = peer;
    progress(`scan: ${name}`);
    try {
      seen.push({ name, setting, ...await look(peer, reactions) });
    } catch (error) {
      seen.push({ name, setting, refused: String(error).split("\n")[0]! });
    }
  }
  return seen;
}

async function look(peer: Peer, reactions: number): Promise<Omit<Seen, "name" | "setting">> {
  await using lab = await Lab.create({ peers: ["syn", "connect", "many", "stream"] });
  const sshd = await startLoggingSshd(lab.server);
  await lab.addRange(lab.peer("many"), "10.78.0.0/16");
  await lab.addRange(lab.peer("stream"), "10.79.0.0/16");
  const running = await peer.start(lab.server, sshd.log);
  // In the middle of a minute exactly one of the open ports leads to sshd.
  if (await running.sshPort() !== 22) await untilMinute(16_000);
  const syn = await scanFrom(lab.peer("syn"), lab.server, "-sS", running);
  const connect = await scanFrom(lab.peer("connect"), lab.server, "-sT", running);
  const many = await scanFromMany(lab.peer("many"), lab.server, running);
  const reaction = running.offence.kind === "none"
    ? null
    : await reactionOf(running, running.offence, lab, sshd, reactions);
  return { syn, connect, many, reaction };
}

async function scanFrom(
  from: Namespace,
  server: Namespace,
  type: "-sS" | "-sT",
  running: Running,
): Promise<Scan> {
  const args = [...NMAP, type, "-p-", server.address4];
  const began = performance.now();
  const states = parseScan(await from.must("nmap", ["-oX", "-", ...args]));
  const seconds = (performance.now() - began) / 1000;
  const shutOut = await isShutOut(from, server, running) ? 1 : 0;
  const command = `nmap ${args.join(" ")}`;
  return { ...await found(states, running), seconds, command, shutOut, scanners: 1 };
}

/** Each of many addresses scans its part of the ports. */
async function scanFromMany(from: Namespace, server: Namespace, running: Running): Promise<Scan> {
  const began = performance.now();
  const all = new Map<number, SynAnswer>();
  const each = Math.ceil(65_535 / ADDRESSES);
  const own = (i: number): string => `10.78.0.${i + 1}`;
  for (let i = 0; i < ADDRESSES; i++) {
    const ports = `${i * each + 1}-${Math.min((i + 1) * each, 65_535)}`;
    const args = [...NMAP, "-sS", "-S", own(i), "-e", "eth0", "-p", ports, server.address4];
    const states = parseScan(await from.must("nmap", ["-oX", "-", ...args]));
    for (const [port, state] of states) all.set(port, state);
  }
  const seconds = (performance.now() - began) / 1000;
  let shutOut = 0;
  for (let i = 0; i < ADDRESSES; i++) {
    if (await isShutOut(from, server, running, own(i))) shutOut++;
  }
  const command = `nmap -sS, ${ADDRESSES} addresses, each ${each} ports`;
  return { ...await found(all, running), seconds, command, shutOut, scanners: ADDRESSES };
}

async function found(
  states: Map<number, SynAnswer>,
  running: Running,
): Promise<{ open: number; sshd: boolean }> {
  const open = [...states].filter(([, state]) => state === "open").map(([port]) => port);
  return { open: open.length, sshd: open.includes(await running.sshPort()) };
}

async function isShutOut(
  from: Namespace,
  server: Namespace,
  running: Running,
  source?: string,
): Promise<boolean> {
  return await probe(from, server.address4, await running.sshPort(), 500, source) !== "open";
}

/**
 * A stream of new connections to sshd's port, one every tenth of a millisecond, and in the middle of it
 * the offence from the same address: how many that began after it are still answered?
 */
async function reactionOf(
  running: Running,
  offence: Exclude<Offence, { kind: "none" }>,
  lab: Lab,
  sshd: LoggingSshd,
  times: number,
): Promise<Reaction> {
  const answered: number[] = [], ms: number[] = [];
  let goesOn = false;
  const seconds = offence.kind === "logins" ? 5 : 1;
  for (let i = 0; i < times; i++) {
    const source = `10.79.0.${i + 1}`;
    const result = await reactOnce({ running, offence, lab, sshd, source, seconds });
    answered.push(result.answered);
    if (result.ms === null) goesOn = true;
    else ms.push(result.ms);
  }
  return {
    offence: offence.kind === "logins" ? `${offence.count} failed logins` : `one ${offence.kind}`,
    answered: summary(answered),
    ms: goesOn ? null : summary(ms),
  };
}

async function reactOnce({ running, offence, lab, sshd, source, seconds }: {
  readonly running: Running;
  readonly offence: Exclude<Offence, { kind: "none" }>;
  readonly lab: Lab;
  readonly sshd: LoggingSshd;
  readonly source: string;
  readonly seconds: number;
}): Promise<{ answered: number; ms: number | null }> {
  const from = lab.peer("stream");
  const target = lab.server.address4;
  const port = await running.sshPort();
  const file = `${from.directory}/stream.pcap`;
  const filter = `tcp and host ${source}`;
  // At the server, where it counts what came first.
  const capture = lab.server.spawn("tcpdump", [
    "-i",
    "eth0",
    "-n",
    "-w",
    file,
    "-B",
    "8192",
    "-U",
    filter,
  ]);
  await capture.waitForLine(/listening on/);
  const words = ["-S", "-q", "-i", `u${STREAM_US}`, "-a", source, "-p", String(port), target];
  const stream: Child = from.spawn("hping3", words);
  await wait(200);
  let offended: number | null = null, touched: number | null = null;
  if (offence.kind === "logins") {
    const login = [...await sshArgs(sshd), "-b", source, `nobody-here@${target}`, "true"];
    const noticed = failures(sshd.log, source, offence.count);
    // Whom a ban meets in the middle of a login waits for ever.
    for (let i = 0; i < offence.count; i++) await from.run("timeout", ["2", "ssh", ...login]);
    offended = await noticed;
  } else {
    const trap = await offence.port();
    if (offence.kind === "syn") {
      await from.run("hping3", ["-S", "-q", "-c", "1", "-a", source, "-p", String(trap), target]);
    } else await probe(from, target, trap, 500, source);
    touched = trap;
  }
  await wait(seconds * 1000);
  await stream.stop();
  await wait(50);
  await capture.stop("SIGINT");
  // Only now is all of it in the file.
  offended ??= await firstSyn(file, touched!, source);
  return await count(file, source, port, offended);
}

/** When sshd has logged so many failed logins from an address, in unix seconds. */
async function failures(log: string, source: string, times: number): Promise<number> {
  const line = `Invalid user nobody-here from ${source} `;
  await waitFor(async () => (await Deno.readTextFile(log)).split(line).length > times, {
    deadlineMs: 20_000,
    what: `${times} failed logins in the log`,
    everyMs: 1,
  });
  return Date.now() / 1000;
}

/** When the first SYN to a port is seen, in unix seconds. */
async function firstSyn(file: string, port: number, source: string): Promise<number> {
  const filter = `src ${source} and dst port ${port}`;
  const { stdout } = await read(file, filter);
  const [first] = /^\d+\.\d+/.exec(stdout) ?? [];
  if (first === undefined) throw new Error(`the offence of ${source} was not captured`);
  return Number(first);
}

async function count(
  file: string,
  source: string,
  port: number,
  offended: number,
): Promise<{ answered: number; ms: number | null }> {
  const { stdout } = await read(file, `tcp port ${port}`);
  const begun = new Map<string, number>();
  const answers: number[] = [];
  let last = 0;
  for (const line of stdout.split("\n")) {
    const [, at, from, to, flags] = /^(\d+\.\d+) IP (\S+) > (\S+): Flags \[([^\]]+)\]/.exec(line) ??
      [];
    if (flags === "S" && from!.startsWith(`${source}.`)) {
      begun.set(from!, last = Number(at));
    } else if (flags === "S.") {
      const start = begun.get(to!);
      if (start !== undefined && start > offended) answers.push(start);
    }
  }
  const end = answers.at(-1) ?? offended;
  // Answered to the end means that nothing happened.
  return { answered: answers.length, ms: last - end < 0.1 ? null : (end - offended) * 1000 };
}

async function read(file: string, filter: string): Promise<{ stdout: string }> {
  return { stdout: await must("tcpdump", ["-r", file, "-n", "-tt", filter]) };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** One engine for so many minutes. */
import {
  type Filter,
  Lab,
  type Namespace,
  startServe,
  startSshd,
  untilMinute,
} from "../../tests/kernel/lab.ts";
import { CpuMeter } from "../side/harness/meter.ts";
import { progress } from "../side/harness/progress.ts";
import { type Activity, startActivity } from "./activity.ts";
import { type Sample, sampleOf } from "./sample.ts";
import { type Change, startWatch } from "./watch.ts";

/** Samples are taken in the middle of the minute, where no change disturbs them. */
const SAMPLE_AT_MS = 40_000;
/** A change is known this long after its boundary. */
const SEEN_AFTER_MS = 5_000;

export interface SoakOptions {
  readonly engine: Filter;
  /** How many samples are taken, and changes of minute watched. */
  readonly minutes: number;
  /** The c3po that serves. */
  readonly program: string;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/** What was seen. */
export interface Run {
  readonly engine: Filter;
  readonly samples: readonly Sample[];
  readonly changes: readonly Change[];
  /** Boundaries that passed while it was watched. */
  readonly boundaries: number;
  /** Connections that sshd's queue had no room for, so that none of them says anything of C3PO. */
  readonly overflows: number;
  readonly done: Activity["done"];
  /** What went wrong, if it did; a line each. */
  readonly failures: readonly string[];
}

/** Bans are short, so that their number is steady within the first ten minutes. */
const SERVE = ["--ban-time", "2m", "--ban-max", "4m"];

/** Runs it. Whatever happens, nothing of it is left behind. */
export async function soak({ engine, minutes, program, signal }: SoakOptions): Promise<Run> {
  await using lab = await Lab.create({ peers: ["watcher", "user", "scanner"] });
  // Who only connects, as the watcher does, is let go without a process for each.
  const sshd = await startSshd(lab.server, { config: ["PerSourceMaxStartups 3"] });
  // As if a service manager had started it: else SIGHUP would end it.
  const socket = `${lab.server.directory}/notify`;
  const manager = Deno.listenDatagram({ transport: "unixpacket", path: socket });
  await using closing = new AsyncDisposableStack();
  closing.defer(() => manager.close());
  listen(manager);
  const serve = await startServe(lab.server, {
    engine,
    program: [program],
    env: { NOTIFY_SOCKET: socket },
    // What the watcher sees is to be a matter of ports, never of a ban.
    args: [...SERVE, "--login-log", sshd.log, "--allow", lab.peer("watcher").address4],
  });
  const samples: Sample[] = [];
  const failures: string[] = [];
  const ended = new AbortController();
  const stop = AbortSignal.any([signal, ended.signal]);
  serve.child.status.then(({ code }) => {
    if (!stop.aborted) failures.push(`serve ended with exit code ${code}`);
    ended.abort();
  });
  await using meter = await CpuMeter.on(serve.child.pid);
  const changes = await startWatch(lab.peer("watcher"), lab.server, serve.keyFile);
  await using activity = await startActivity({ lab, engine, serve, sshd, program });
  const first = Math.floor(Date.now() / 60_000);
  let seen = 0;
  for (let minute = 1; minute <= minutes; minute++) {
    const due = await Promise.race([untilMinute(SAMPLE_AT_MS), aborted(stop)]);
    if (due === undefined) break;
    try {
      samples.push(await sampleOf(lab.server, engine, serve.child.pid, meter));
    } catch (error) {
      failures.push(`no sample in minute ${minute}: ${error}`);
    }
    seen = Math.floor((Date.now() - SEEN_AFTER_MS) / 60_000) - first;
    progress(`${engine} ${line(minute, samples, changes())}`);
  }
  await activity.stop();
  failures.push(...activity.failures);
  const run = {
    engine,
    samples,
    changes: [...changes()],
    boundaries: seen,
    overflows: await overflowsOf(lab.server),
  };
  if (!stop.aborted) {
    ended.abort();
    failures.push(...await stopServe(serve));
  }
  return { ...run, done: activity.done, failures };
}

/** Takes what `serve` tells its manager, which is not looked at. */
async function listen(manager: Deno.DatagramConn): Promise<void> {
  for await (const _ of manager);
}

/** Ends it as systemd would. */
async function stopServe(serve: { stop(): Promise<Deno.CommandStatus> }): Promise<string[]> {
  const { code } = await serve.stop();
  return code === 0 ? [] : [`serve was stopped and ended with exit code ${code}`];
}

function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(undefined), { once: true })
  );
}

function line(minute: number, samples: readonly Sample[], changes: readonly Change[]): string {
  const last = samples.at(-1);
  if (last === undefined) return `minute ${minute}: no sample`;
  const { values: { ownMb, allOwnMb, descriptors, processes, cpuMs } } = last;
  const gaps = changes.filter(({ failed }) => failed > 0).length;
  return `minute ${minute}: own ${ownMb} MB (with tools ${allOwnMb}), ${descriptors} descriptors, ` +
    `${processes} processes, ${cpuMs} ms of CPU so far, ${changes.length} changes seen, ${gaps} with a gap`;
}

/** How often a listener of the namespace had no room for a connection. */
async function overflowsOf(server: Namespace): Promise<number> {
  const text = await server.must("cat", ["/proc/net/netstat"]);
  const [names, values] = text.split("\n").filter((each) => each.startsWith("TcpExt:"))
    .map((each) => each.split(" "));
  return Number(values![names!.indexOf("ListenOverflows")]);
}

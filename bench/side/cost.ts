/** What does it cost to run? */
import { Lab, must, type Namespace } from "../../tests/kernel/lab.ts";
import { c3poProgram, compiledProgram, startC3po } from "./harness/c3po.ts";
import { CpuMeter, memoryOf, type Use } from "./harness/meter.ts";
import { progress } from "./harness/progress.ts";
import { startLoggingSshd } from "./harness/sshd.ts";
import { type Minute, type Summary, summary } from "./harness/stats.ts";
import { PEERS } from "./peers/all.ts";
import { c3po, c3poNftables } from "./peers/c3po.ts";
import type { Peer } from "./peers/peer.ts";

/** After its start a program is not idle yet: V8 tidies up half a minute later. */
const SETTLE_MS = 35_000;

export interface Effort {
  /** How long they are watched doing nothing. */
  readonly minutes: number;
  /** How long they have to settle before, in milliseconds. */
  readonly settle?: number;
  /** How often each is started. */
  readonly starts: number;
}

/** What one tool costs. */
export interface Cost {
  readonly name: string;
  readonly refused?: string;
  readonly use?: Use;
  /** Milliseconds of CPU time a minute. */
  readonly cpuMs?: Minute;
  /** From the start to being ready, in milliseconds. */
  readonly start?: Summary;
  /** Its packages, and the interpreter it needs. */
  readonly diskKb: number;
}

export async function cost({ minutes, starts, settle = SETTLE_MS }: Effort): Promise<Cost[]> {
  const tools = [...PEERS.filter(({ name }) => name !== "sshd alone"), ...compiled()];
  const names = tools.map((_, i) => `m${i}`);
  await using lab = await Lab.create({ peers: names });
  progress("cost: all of them, idle");
  await emptyPageCache();
  const found = await Promise.all(
    tools.map((tool, i) => idle(tool, lab.peer(names[i]!), minutes, settle)),
  );
  const costs: Cost[] = [];
  for (const [i, tool] of tools.entries()) {
    progress(`cost: start of ${tool.name}`);
    costs.push({
      name: tool.name,
      ...found[i]!,
      ...found[i]!.refused === undefined ? { start: await starting(tool, starts) } : {},
      diskKb: await onDisk(tool),
    });
  }
  return costs;
}

/** The second way c3po comes: as one executable. */
function compiled(): Peer[] {
  const program = compiledProgram();
  if (program === undefined) return [];
  const start: Peer["start"] = async (server) => {
    const serve = await startC3po(server, [], program);
    return {
      pid: serve.child.pid,
      sshPort: async () => (await serve.ports()).ssh,
      offence: { kind: "none" },
    };
  };
  return [{ ...c3po, name: "C3PO, compiled", start }];
}

async function idle(
  tool: Peer,
  machine: Namespace,
  minutes: number,
  settle: number,
): Promise<Omit<Cost, "name" | "start" | "diskKb">> {
  try {
    const sshd = await startLoggingSshd(machine);
    const { pid } = await tool.start(machine, sshd.log);
    await wait(settle);
    await using meter = await CpuMeter.on(pid!);
    const cpuMs = await meter.minute(minutes);
    return { use: await memoryOf(pid!), cpuMs };
  } catch (error) {
    return { refused: String(error).split("\n")[0]! };
  }
}

async function starting(tool: Peer, times: number): Promise<Summary> {
  const ms: number[] = [];
  for (let i = 0; i < times; i++) {
    await using lab = await Lab.create({ peers: [] });
    const sshd = await startLoggingSshd(lab.server);
    const began = performance.now();
    await tool.start(lab.server, sshd.log);
    ms.push(performance.now() - began);
  }
  return summary(ms);
}

/** As after a boot: of a file that was just written the kernel maps more than is used. */
async function emptyPageCache(): Promise<void> {
  await must("sync", []);
  await Deno.writeTextFile("/proc/sys/vm/drop_caches", "1");
}

/** Kilobytes of the packages; of c3po, of what was installed, the Deno that runs it included. */
async function onDisk(tool: Peer): Promise<number> {
  const sizes = await must("dpkg-query", ["-W", "-f", "${Installed-Size}\n", ...tool.packages]);
  let kb = sizes.trim().split("\n").reduce((sum, size) => sum + Number(size), 0);
  const own = [c3po, c3poNftables].includes(tool)
    ? [c3poProgram().replace(/bin\/c3po$/, "lib/c3po")]
    : tool.name === "C3PO, compiled"
    ? [compiledProgram()!]
    : [];
  for (const path of own) kb += Number((await must("du", ["-sk", path])).split("\t")[0]);
  return kb;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

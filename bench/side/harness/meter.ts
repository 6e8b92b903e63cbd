import { run } from "../../../tests/kernel/lab/process.ts";
import { type Minute, usualMinute } from "./stats.ts";

/** What a process and everything below it use. */
export interface Use {
  readonly processes: number;
  /** Kilobytes, added up over the processes, so that what they share counts for each. */
  readonly residentKb: number;
  /** Those of the process itself alone. */
  readonly itselfKb: number;
  /** Kilobytes that are its own: no part of a file, so the kernel cannot drop them. */
  readonly privateKb: number;
}

/** The memory of a process and all its descendants. */
export async function memoryOf(pid: number): Promise<Use> {
  const pids = await tree(pid);
  let residentKb = 0, itselfKb = 0, privateKb = 0, processes = 0;
  for (const each of pids) {
    const text = await Deno.readTextFile(`/proc/${each}/smaps_rollup`).catch(() => null);
    if (text === null) continue; // it has just ended
    const kb = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)![1]);
    residentKb += kb("Rss");
    if (each === pid) itselfKb = kb("Rss");
    privateKb += kb("Anonymous");
    processes++;
  }
  return { processes, residentKb, itselfKb, privateKb };
}

/** The process and all its descendants. */
export async function tree(pid: number): Promise<number[]> {
  const { stdout } = await run("ps", ["-e", "-o", "pid=,ppid="]);
  const children = new Map<number, number[]>();
  for (const line of stdout.trim().split("\n")) {
    const [child, parent] = line.trim().split(/\s+/).map(Number);
    children.set(parent!, [...children.get(parent!) ?? [], child!]);
  }
  const found = [pid];
  for (const each of found) found.push(...children.get(each) ?? []);
  return found;
}

/** Where control groups count CPU time, with the old hierarchy or the new one. */
const OLD = "/sys/fs/cgroup/cpuacct", NEW = "/sys/fs/cgroup";

/**
 * Counts the CPU time of processes and of whatever they start, to the microsecond, by a control group:
 * programs that come and go between two looks count too.
 */
export class CpuMeter implements AsyncDisposable {
  readonly #folder: string;
  readonly #isOld: boolean;

  private constructor(folder: string, isOld: boolean) {
    this.#folder = folder;
    this.#isOld = isOld;
  }

  /** Begins to count what a process and its descendants use from now on. */
  static async on(pid: number): Promise<CpuMeter> {
    const isOld = await Deno.stat(OLD).then(() => true, () => false);
    const folder = `${isOld ? OLD : NEW}/c3po-bench-${crypto.randomUUID()}`;
    await Deno.mkdir(folder);
    const meter = new CpuMeter(folder, isOld);
    for (const each of await tree(pid)) {
      // One that has just ended, or a helper of this very look, is no loss.
      await Deno.writeTextFile(`${folder}/cgroup.procs`, String(each)).catch(() => {});
    }
    return meter;
  }

  /** Milliseconds of CPU time so far. */
  async ms(): Promise<number> {
    if (this.#isOld) return Number(await Deno.readTextFile(`${this.#folder}/cpuacct.usage`)) / 1e6;
    const text = await Deno.readTextFile(`${this.#folder}/cpu.stat`);
    return Number(/^usage_usec (\d+)$/m.exec(text)![1]) / 1e3;
  }

  /**
   * Milliseconds of CPU time in a minute. A hypervisor that takes the processor away in the middle of some
   * work has that counted as work: for some seconds a hundred times what was done. So each second of the
   * minute counts as it usually is.
   */
  async minute(minutes: number): Promise<Minute> {
    const began = performance.now();
    const readings = [await this.ms()];
    while (readings.length <= minutes * 60) {
      const next = began + readings.length * 1000;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
      readings.push(await this.ms());
    }
    return usualMinute(readings.slice(1).map((reading, i) => reading - readings[i]!));
  }

  /** Gives the processes back. */
  async [Symbol.asyncDispose](): Promise<void> {
    const root = this.#folder.slice(0, this.#folder.lastIndexOf("/"));
    for (let tries = 0; tries < 50; tries++) {
      const pids = (await Deno.readTextFile(`${this.#folder}/cgroup.procs`)).trim();
      for (const pid of pids === "" ? [] : pids.split("\n")) {
        await Deno.writeTextFile(`${root}/cgroup.procs`, pid).catch(() => {});
      }
      if (await Deno.remove(this.#folder).then(() => true, () => false)) return;
    }
  }
}

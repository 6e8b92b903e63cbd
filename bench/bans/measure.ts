import { fromFileUrl } from "@std/path";
import type { Namespace } from "../../tests/kernel/lab.ts";

const KNOCKS = fromFileUrl(new URL("./knocks.ts", import.meta.url));
export const FLOODER = fromFileUrl(new URL("../../tests/kernel/bans/flooder.ts", import.meta.url));

/** Arguments that run a program of the benchmark with this Deno. */
export function program(file: string, args: readonly (string | number)[]): string[] {
  return ["run", "--no-prompt", "-A", file, ...args.map(String)];
}

/** Runs knocks.ts in a namespace and reads its answer. */
export async function knock<T>(from: Namespace, ...args: (string | number)[]): Promise<T> {
  return JSON.parse(await from.must(Deno.execPath(), program(KNOCKS, args)));
}

/** Starts knocks.ts in a namespace. */
export function keepKnocking(from: Namespace, ...args: (string | number)[]) {
  return from.spawn(Deno.execPath(), program(KNOCKS, args));
}

/** Milliseconds that something takes. */
export async function timed(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

/** Rounded to so many digits behind the point. */
export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}

/** Lines that ban so many IPv4 addresses, from 20.0.0.0 on. */
export function banLines(set: string, count: number): string {
  return Array.from({ length: count }, (_, i) => {
    const bytes = [20 + (i >> 24), i >> 16 & 255, i >> 8 & 255, i & 255];
    return `add ${set} ${bytes.join(".")} timeout 86400\n`;
  }).join("");
}

/** Bytes a set takes in the kernel. */
export async function setBytes(server: Namespace, set: string): Promise<number> {
  const text = await server.must("ipset", ["list", "-terse", set]);
  return Number(/^Size in memory: (\d+)$/m.exec(text)![1]);
}

/** Memory of a process in megabytes: all that is resident, what is its own, and the most there was. */
export async function memoryOf(pid: string): Promise<{ rss: number; own: number; peak: number }> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const field = (name: string): number =>
    round(Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)![1]) / 1024, 1);
  return { rss: field("VmRSS"), own: field("RssAnon"), peak: field("VmHWM") };
}

/** Milliseconds of processor time of a process, and of the children it has waited for. */
export async function cpuOf(pid: string): Promise<{ own: number; children: number }> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
  const [user, system, childUser, childSystem] = fields.slice(11, 15);
  // A hundred ticks a second on every Linux that Deno runs on.
  return { own: (user! + system!) * 10, children: (childUser! + childSystem!) * 10 };
}

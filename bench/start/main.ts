/**
 * How fast c3po starts, and how much memory a client and serve take:
 * `sudo deno run -A bench/start/main.ts COMMAND…`, each COMMAND a path to a c3po, or words in quotes.
 *
 * The commands take turns, so that whatever else the machine does falls on all of them alike. Serve
 * runs in a network namespace of its own.
 */
import { delay } from "@std/async/delay";
import { quantile } from "../side/harness/stats.ts";

const RUNS = 40;
/** Long enough for a change of minute, which is when serve does most. */
const SERVE_MS = 75_000;
const ENV = { C3PO_SECRET: "c3po-1-" + "A".repeat(43) };

/** Milliseconds that one `c3po port` takes, from its start to its end. */
async function startMs([command, ...args]: string[]): Promise<number> {
  const start = performance.now();
  const { success } = await new Deno.Command(command!, { args: [...args, "port"], env: ENV })
    .output();
  if (!success) throw new Error(`${command} port failed`);
  return performance.now() - start;
}

/** What the kernel says of the memory of a process, in MB. */
async function memoryOf(pid: number): Promise<Record<string, number>> {
  const text = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
  const sizes = [...text.matchAll(/^(\w+): +(\d+) kB$/gm)];
  return Object.fromEntries(sizes.map(([, name, kb]) => [name!, Number(kb) / 1024]));
}

/** The memory of a client that has given its answer. */
async function clientMemory([command, ...args]: string[]): Promise<Record<string, number>> {
  const child = new Deno.Command(command!, {
    args: [...args, "port", "--watch"],
    env: ENV,
    stdout: "piped",
  }).spawn();
  await child.stdout.getReader().read();
  const sizes = await memoryOf(child.pid);
  child.kill("SIGKILL");
  await child.status;
  return sizes;
}

/** The memory of a serve that has run for a while. */
async function serveMemory(words: string[], number: number): Promise<Record<string, number>> {
  const netns = `c3po-bench-${Deno.pid}-${number}`;
  const folder = await Deno.makeTempDir({ prefix: "c3po-bench-" });
  await ip("netns", "add", netns);
  try {
    await ip("-n", netns, "link", "set", "lo", "up");
    const args = ["netns", "exec", netns, ...words, "serve"];
    const env = { ...ENV, STATE_DIRECTORY: folder, RUNTIME_DIRECTORY: folder };
    const serve = new Deno.Command("ip", { args, env, cwd: folder, stderr: "null" }).spawn();
    await delay(SERVE_MS);
    const sizes = await memoryOf(serve.pid);
    serve.kill("SIGTERM");
    await serve.status;
    return sizes;
  } finally {
    await ip("netns", "delete", netns);
    await Deno.remove(folder, { recursive: true });
  }
}

async function ip(...args: string[]): Promise<void> {
  const { success } = await new Deno.Command("ip", { args }).output();
  if (!success) throw new Error(`ip ${args.join(" ")} failed`);
}

if (import.meta.main) {
  const commands = Deno.args.map((command) => command.split(" "));
  const times: number[][] = commands.map(() => []);
  for (let run = 0; run < RUNS; run++) {
    for (const [number, words] of commands.entries()) times[number]!.push(await startMs(words));
  }
  const clients: Record<string, number>[] = [];
  for (const words of commands) clients.push(await clientMemory(words));
  const sizes = (await Promise.allSettled(commands.map(serveMemory))).map((end) => {
    if (end.status === "rejected") throw end.reason;
    return end.value;
  });
  for (const [number, command] of Deno.args.entries()) {
    const [all, client, serve] = [times[number]!, clients[number]!, sizes[number]!];
    const figures = {
      command,
      start: { medianMs: quantile(all, 0.5), leastMs: quantile(all, 0) },
      port: { residentMB: client["Rss"], privateMB: client["Anonymous"] },
      serve: { residentMB: serve["Rss"], privateMB: serve["Anonymous"] },
    };
    Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(figures) + "\n"));
  }
}

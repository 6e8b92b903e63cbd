/**
 * Connects every millisecond, around each change of minute that stdin announces, to the port of the
 * minute that ends and to that of the one that begins: `boundary.ts KEYFILE ADDRESS`. Prints for each
 * change how it looked from here.
 */
import { TextLineStream } from "@std/streams/text-line-stream";
import { parseKey } from "../../../src/core/key.ts";
import { Schedule } from "../../../src/core/schedule.ts";

const BEFORE_MS = 15, AFTER_MS = 100;
const [keyFile = "", hostname = ""] = Deno.args;
const schedule = await Schedule.of(parseKey(await Deno.readTextFile(keyFile)));
const now = (): number => performance.timeOrigin + performance.now();

/** One connection: when it began and ended, and whether it was accepted. */
interface Attempt {
  readonly at: number;
  readonly end: number;
  readonly open: boolean;
}

const lines: ReadableStream<string> = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
for await (const line of lines) {
  const { due, minute } = JSON.parse(line) as { due: number; minute: number };
  const [old, fresh] = await Promise.all([
    schedule.ports(minute - 1, 0),
    schedule.ports(minute, 0),
  ]);
  if (old.ssh === fresh.ssh || now() > due - BEFORE_MS) continue;
  await until(due - BEFORE_MS);
  const attempts: [Promise<Attempt>[], Promise<Attempt>[]] = [[], []];
  for (let at = due - BEFORE_MS; at < due + AFTER_MS; at = Math.max(at + 1, now())) {
    await until(at);
    attempts[0].push(attempt(old.ssh));
    attempts[1].push(attempt(fresh.ssh));
  }
  const [before, after] = await Promise.all(attempts.map((each) => Promise.all(each)));
  const opened = after!.find(({ open }) => open)?.at ?? null;
  const wasOpen = before!.some(({ open }) => open);
  print({
    delayMs: opened === null ? null : opened - due,
    gapMs: opened === null || !wasOpen ? null : gap(before!, after!),
    attempts: before!.length,
  });
}

/**
 * How long both ports were shut, as far as it can be told: the old one was when the first attempt at it
 * had failed, the new one was still when the last began that did.
 */
function gap(before: readonly Attempt[], after: readonly Attempt[]): number {
  const shut = before.find(({ open }) => !open)?.end ?? Infinity;
  const stillShut = after.findLast(({ open }) => !open)?.at ?? -Infinity;
  return Math.max(0, stillShut - shut);
}

async function attempt(port: number): Promise<Attempt> {
  const at = now();
  const end = (open: boolean): Attempt => ({ at, end: now(), open });
  try {
    using _ = await Deno.connect({ hostname, port, signal: AbortSignal.timeout(1000) });
    return end(true);
  } catch {
    return end(false);
  }
}

/** Timers are not that exact, so the last millisecond is spent looking at the clock. */
async function until(moment: number): Promise<void> {
  while (now() < moment - 1.5) await new Promise((resolve) => setTimeout(resolve, 1));
  while (now() < moment) await Promise.resolve();
}

function print(value: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}

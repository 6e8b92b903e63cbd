/**
 * Connects every millisecond, around each of the next changes of minute, to the port of the minute that
 * ends and to that of the one that begins: `boundary.ts KEYFILE ADDRESS CHANGES`. Prints for each change
 * how it looked from here.
 */
import { parseKey } from "../../../src/schedule/key_text.ts";
import { minuteAt, minuteStart } from "../../../src/schedule/minute.ts";
import { Schedule } from "../../../src/schedule/schedule.ts";

const BEFORE_MS = 15, AFTER_MS = 100;
const [keyFile = "", hostname = "", changes = "1"] = Deno.args;
const schedule = await Schedule.of(parseKey(await Deno.readTextFile(keyFile)));
// The clock of the kernel, which may have been set since this program began.
const now = (): number => performance.timeOrigin + performance.now() + skew;
let skew = 0;

/** One connection: when it began and ended, and whether it was accepted. */
interface Attempt {
  readonly at: number;
  readonly end: number;
  readonly open: boolean;
}

for (let seen = 0; seen < Number(changes);) {
  skew += Date.now() - now();
  const minute = minuteAt(now() + BEFORE_MS) + 1;
  const due = minuteStart(minute);
  const [old, fresh] = await Promise.all([
    schedule.ports(minute - 1, 0),
    schedule.ports(minute, 0),
  ]);
  await until(due - BEFORE_MS);
  if (old.ssh === fresh.ssh) continue;
  seen++;
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
  for (let left; (left = moment - now()) > 1.5;) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(1, Math.min(left - 1.5, 1000))));
  }
  while (now() < moment) await Promise.resolve();
}

function print(value: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}

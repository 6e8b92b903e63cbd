/**
 * Runs inside a namespace: from a second before each change of minute to a second after it, connects
 * every 50 milliseconds to the port that the clock names, and every 5 next to the change:
 * `watcher.ts KEYFILE ADDRESS`. Prints for each change how it looked from here, a line of JSON.
 */
import { parseKey } from "../../src/schedule/key_text.ts";
import { minuteAt, minuteStart } from "../../src/schedule/minute.ts";
import { Schedule } from "../../src/schedule/schedule.ts";
import { type Attempt, gapOf } from "./gap.ts";

const AROUND_MS = 1000, EVERY_MS = 50;
/** So many connections all the time would be more than sshd can take. */
const NEAR_MS = 50, NEAR_EVERY_MS = 5;
/** A connection that takes longer counts as refused; the kernel sends its SYN again after a second. */
const PATIENCE_MS = 900;

const [keyFile = "", hostname = ""] = Deno.args;
const schedule = await Schedule.of(parseKey(await Deno.readTextFile(keyFile)));
print("ready");
for (;;) {
  const minute = minuteAt(Date.now() + AROUND_MS) + 1;
  const due = minuteStart(minute);
  const ports = await Promise.all([minute - 1, minute].map((each) => schedule.ports(each, 0)));
  await until(due - AROUND_MS);
  const attempts: Promise<Attempt>[] = [];
  for (let after = -AROUND_MS; after < AROUND_MS;) {
    await until(due + after);
    attempts.push(attempt(ports[Date.now() < due ? 0 : 1]!.ssh));
    after += after >= -NEAR_MS && after < NEAR_MS ? NEAR_EVERY_MS : EVERY_MS;
  }
  const all = await Promise.all(attempts);
  const failed = all.filter(({ open }) => !open).length;
  print(JSON.stringify({ minute, attempts: all.length, failed, gapMs: gapOf(all) }));
}

async function attempt(port: number): Promise<Attempt> {
  const at = Date.now();
  try {
    using _ = await Deno.connect({ hostname, port, signal: AbortSignal.timeout(PATIENCE_MS) });
    return { at, open: true };
  } catch {
    return { at, open: false };
  }
}

async function until(moment: number): Promise<void> {
  for (let left; (left = moment - Date.now()) > 0;) {
    await new Promise((resolve) => setTimeout(resolve, left));
  }
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

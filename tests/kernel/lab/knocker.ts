/**
 * Connects again and again to the port that a clock names, and prints how each attempt went.
 *
 * usage: knocker.ts KEYFILE ADDRESS…
 *
 * Says "ready", then reads from standard input how to knock: a line of JSON, `Knocks` of knock.ts.
 */
import { toText } from "@std/streams/to-text";
import { parseKey } from "../../../src/schedule/key_text.ts";
import { minuteAt } from "../../../src/schedule/minute.ts";
import { Schedule } from "../../../src/schedule/schedule.ts";
import type { Attempt, Knocks } from "./knock.ts";

/** How near to the moment in question as many knocks are made as there can be, and how often that is. */
const DENSE_MS = 200, DENSE_EVERY_MS = 4;

const [keyFile, ...addresses] = Deno.args;
const schedule = await Schedule.of(parseKey(await Deno.readTextFile(keyFile!)));
print("ready");
const knocks: Knocks = JSON.parse(await toText(Deno.stdin.readable));
const { from, until, every, around = Infinity, ahead = 0 } = knocks;
const clock = (): number => Date.now() + ahead;
const ports = new Map<number, number>();
for (let minute = minuteAt(clock()); minute <= minuteAt(until) + 1; minute++) {
  ports.set(minute, (await schedule.ports(minute, 0)).ssh);
}
const attempts: Promise<void>[] = [];
await pause(from - Date.now());
while (Date.now() < until) {
  for (const hostname of addresses) attempts.push(attempt(hostname));
  await pause(Math.abs(Date.now() - around) < DENSE_MS ? DENSE_EVERY_MS : every);
}
await Promise.all(attempts);

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

async function attempt(hostname: string): Promise<void> {
  const began = Date.now();
  const minute = minuteAt(clock());
  const port = ports.get(minute)!;
  const answer = await greeting(hostname, port).catch((error) => String(error));
  const told: Attempt = { began, ended: Date.now(), minute, hostname, port, answer };
  print(JSON.stringify(told));
}

async function greeting(hostname: string, port: number): Promise<string> {
  using conn = await Deno.connect({ hostname, port, signal: AbortSignal.timeout(20_000) });
  const bytes = new Uint8Array(8);
  const count = await conn.read(bytes);
  return new TextDecoder().decode(bytes.subarray(0, count ?? 0));
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

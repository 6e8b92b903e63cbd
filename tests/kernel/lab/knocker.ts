/**
 * Connects again and again to the port that the clock names, and prints how each attempt went.
 *
 * usage: knocker.ts KEYFILE UNTIL_MS EVERY_MS ADDRESS…
 */
import { parseKey } from "../../../src/core/key.ts";
import { minuteAt } from "../../../src/core/minute.ts";
import { Schedule } from "../../../src/core/schedule.ts";

const [keyFile, until, every, ...addresses] = Deno.args;
const schedule = await Schedule.of(parseKey(await Deno.readTextFile(keyFile!)));
const attempts: Promise<void>[] = [];
while (Date.now() < Number(until)) {
  for (const hostname of addresses) attempts.push(attempt(hostname));
  await new Promise((resolve) => setTimeout(resolve, Number(every)));
}
await Promise.all(attempts);

async function attempt(hostname: string): Promise<void> {
  const at = Date.now();
  const { minute, ssh } = await schedule.ports(minuteAt(at), 0);
  const answer = await greeting(hostname, ssh).catch((error) => String(error));
  const line = JSON.stringify({ at, minute, hostname, port: ssh, answer });
  Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"));
}

async function greeting(hostname: string, port: number): Promise<string> {
  using conn = await Deno.connect({ hostname, port, signal: AbortSignal.timeout(5000) });
  const bytes = new Uint8Array(8);
  const count = await conn.read(bytes);
  return new TextDecoder().decode(bytes.subarray(0, count ?? 0));
}

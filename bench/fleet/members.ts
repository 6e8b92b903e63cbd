// deno-lint-ignore-file no-console -- a program of its own: this is its output
/**
 * What a store costs that many members share: a real Redis with TLS and users, and in this process as many
 * connections to it as that many `c3po share` have, by the same code. Needs no root:
 *
 *     nice deno task fleet:members MEMBERS... [--bans=10] [--seconds=20]
 *
 * Prints a row of a table for each number of members, and what `serve` needs to verify a line and to read
 * the list of members; docs/FLEET.md has them.
 */
import { parseArgs } from "@std/cli/parse-args";
import { fromFileUrl } from "@std/path";
import { parseFleetLine } from "../../src/fleet/line.ts";
import { publicKeyOf } from "../../src/fleet/member.ts";
import { readMembers } from "../../src/fleet/members.ts";
import { isSignedBy, readPublicKey, Signer } from "../../src/fleet/signature.ts";
import { openStore, type Store } from "../../src/fleet/store.ts";
import { passwordOf, Redis } from "../../tests/fleet/redis.ts";
import { summary } from "../side/harness/stats.ts";
import { number } from "../side/text.ts";
import type { Order } from "./writer.ts";

const WRITER = fromFileUrl(new URL("./writer.ts", import.meta.url));
const MEMBER = "web1.example.org";
/** As c3po share does. */
const LOOK_MS = 5000;
const AT_ONCE = 50;

const { _: numbers, ...options } = parseArgs(Deno.args, {
  string: ["bans", "seconds"],
  default: { bans: "10", seconds: "20" },
});
const [bans, seconds] = [Number(options.bans), Number(options.seconds)];
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

console.log(
  "| members | connections | memory of Redis | of that a member | CPU to connect one | CPU idle | " +
    "bans/s | CPU then | bytes a ban and member | p50 | p99 | lost | load |",
);
for (const count of numbers.map(Number)) console.log(await row(count));
console.log(`to verify a line: ${(await verifyMs(2000) * 1000).toFixed(0)} µs`);
for (const count of [1000, 10_000, 100_000]) {
  console.log(`to read a list of ${count} members: ${(await listMs(count)).toFixed(0)} ms`);
}

async function row(count: number): Promise<string> {
  await using redis = await Redis.start({ members: [MEMBER] });
  const access = {
    store: redis.url,
    replica: null,
    ca: await redis.ca(),
    username: MEMBER,
    password: passwordOf(MEMBER),
  };
  const empty = await figures(redis);
  const stores: Store[] = [];
  while (stores.length < count) {
    const some = Math.min(AT_ONCE, count - stores.length);
    stores.push(...await Promise.all(Array.from({ length: some }, () => openStore(access))));
  }
  const connected = await figures(redis);

  let isOver = false;
  const delays: number[] = [];
  const reading = stores.map(async (store) => {
    let cursor = (await store.look()).last ?? "0-0";
    while (!isOver) {
      for (const [id, line] of await store.read(cursor)) {
        cursor = id;
        delays.push(Date.now() - Number(line.split(" ")[2]) / 1000);
      }
    }
  });
  const looking = stores.map(async (store) => {
    await pause(Math.random() * LOOK_MS);
    for (; !isOver; await pause(LOOK_MS)) await store.look();
  });
  await pause(LOOK_MS);
  const began = await figures(redis);
  await pause(seconds * 1000);
  const idle = await figures(redis);

  const sent = bans * seconds;
  const start = performance.now();
  const writtenMs = await write({ access, bans, seconds });
  for (let tries = 0; tries < 600 && delays.length < sent * count; tries++) await pause(100);
  const busyMs = performance.now() - start;
  const busy = await figures(redis);
  isOver = true;
  await Promise.all([...reading, ...looking]);
  for (const store of stores) store.close();

  const { median, p99 } = summary(delays);
  const share = (cpu: number, ms: number): string => `${(cpu / ms * 100_000).toFixed(1)} %`;
  const cells = [
    count,
    2 * count,
    `${((connected.rss) / 2 ** 20).toFixed(0)} MB`,
    `${((connected.rss - empty.rss) / count / 1024).toFixed(0)} kB`,
    `${((connected.cpu - empty.cpu) / count * 1000).toFixed(1)} ms`,
    share(idle.cpu - began.cpu, seconds * 1000),
    number(sent / writtenMs * 1000),
    share(busy.cpu - idle.cpu, busyMs),
    ((busy.sent - idle.sent - (idle.sent - began.sent)) / sent / count).toFixed(0),
    `${median.toFixed(0)} ms`,
    `${p99.toFixed(0)} ms`,
    sent * count - delays.length,
    (await Deno.readTextFile("/proc/loadavg")).split(" ")[0],
  ];
  return `| ${cells.join(" | ")} |`;
}

/** Milliseconds to read and verify a line. */
async function verifyMs(times: number): Promise<number> {
  const seed = new Uint8Array(32);
  const key = await readPublicKey(await publicKeyOf(seed));
  const statement = {
    verb: "ban",
    address: "198.18.0.1",
    seconds: 900,
    evidence: "confirmed",
    offences: 1,
  } as const;
  const line = await (await Signer.of(seed)).sign({ member: MEMBER, seq: 1, time: 1, statement });
  const start = performance.now();
  for (let i = 0; i < times; i++) {
    const parsed = parseFleetLine(line);
    if (parsed === null || !await isSignedBy(parsed, key)) throw new Error("not verified");
  }
  return (performance.now() - start) / times;
}

/** Milliseconds to read a list of members. */
async function listMs(number: number): Promise<number> {
  const key = await publicKeyOf(new Uint8Array(32));
  const text = Array.from({ length: number }, (_, i) => `web${i}.example.org ${key}\n`).join("");
  const start = performance.now();
  await readMembers(text, "members");
  return performance.now() - start;
}

/** Has a process of its own tell of bans. @returns how many milliseconds that took */
async function write(order: Order): Promise<number> {
  const writer = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "-A", WRITER],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const stdin = writer.stdin.getWriter();
  await stdin.write(new TextEncoder().encode(JSON.stringify(order)));
  await stdin.close();
  return Number(new TextDecoder().decode((await writer.output()).stdout));
}

/** What Redis says of itself: CPU in seconds, bytes in memory, bytes sent. */
async function figures(redis: Redis): Promise<{ cpu: number; rss: number; sent: number }> {
  const info = await redis.ask("info", "everything");
  const figure = (name: string): number =>
    Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(info)?.[1]);
  return {
    cpu: figure("used_cpu_user") + figure("used_cpu_sys"),
    rss: figure("used_memory_rss"),
    sent: figure("total_net_output_bytes"),
  };
}

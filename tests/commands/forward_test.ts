import { assertEquals, assertMatch } from "@std/assert";
import vectors from "../vectors-derived.json" with { type: "json" };
import { parseKey } from "../../src/schedule/key_text.ts";
import { minuteAt } from "../../src/schedule/minute.ts";
import { Schedule } from "../../src/schedule/schedule.ts";
import { c3poCommand } from "../kernel/lab/c3po.ts";
import { denoDirectory } from "../kernel/lab.ts";
import { Sandbox } from "./sandbox.ts";

const KEY = vectors.derive[1]!.key;

Deno.test("forward prints where it listens, leads there, and ends when it is told to", async () => {
  await using box = await Sandbox.create();
  await box.put(".config/c3po/127.0.0.1.key", KEY);
  const schedule = await Schedule.of(parseKey(vectors.derive[3]!.key));
  const now = minuteAt(Date.now());
  // The minute may change meanwhile.
  const servers = await Promise.all([now, now + 1].map(async (minute) => {
    const listener = Deno.listen({
      hostname: "127.0.0.1",
      port: (await schedule.ports(minute, 0)).ssh,
    });
    (async () => {
      for await (const conn of listener) conn.readable.pipeTo(conn.writable);
    })();
    return listener;
  }));
  const [command, ...first] = c3poCommand();
  const child = new Deno.Command(command, {
    args: [...first, "forward", "127.0.0.1", "--service", "postgres"],
    stdout: "piped",
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH")!, HOME: box.home, DENO_DIR: denoDirectory() },
  }).spawn();
  const reader = child.stdout.getReader();
  const line = new TextDecoder().decode((await reader.read()).value);
  assertMatch(line, /^127\.0\.0\.1:\d+\n$/);
  const conn = await Deno.connect({
    hostname: "127.0.0.1",
    port: Number(line.trim().split(":")[1]),
  });
  await conn.write(new TextEncoder().encode("there and back"));
  const buffer = new Uint8Array(64);
  const count = await conn.read(buffer);
  assertEquals(new TextDecoder().decode(buffer.subarray(0, count!)), "there and back");
  child.kill("SIGTERM");
  await reader.cancel();
  const { code, signal } = await child.status;
  assertEquals([code, signal], [0, null]);
  conn.close();
  for (const server of servers) server.close();
});

Deno.test("forward refuses what it cannot listen at or lead to", async () => {
  await using box = await Sandbox.create();
  await box.put(".config/c3po/default.key", KEY);
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const refused = async (code: number, args: string[], stderr: RegExp): Promise<void> => {
    await box.c3po(["forward", ...args], { code, stderr });
  };
  const service = ["--service", "postgres"];
  await refused(2, service, /^c3po: error: HOST is missing\n/);
  await refused(2, ["web"], /^c3po: error: --service is missing\nc3po: hint: it may be ssh\n/);
  await refused(2, ["web", "--service", "Db"], /^c3po: error: "Db" is not a valid service/);
  await refused(
    2,
    ["web", ...service, "--listen", "office:1"],
    /^c3po: error: "office" is not an IP/,
  );
  await refused(2, ["web", ...service, "--listen", "0"], /^c3po: error: "0" is not a port number/);
  await refused(
    1,
    ["web", ...service, "--listen", String((taken.addr as Deno.NetAddr).port)],
    /^c3po: error: cannot listen on "127\.0\.0\.1" port \d+: the port is already in use\n/,
  );
});

import { assertEquals, assertRejects } from "@std/assert";
import { settled } from "../../src/firewall/iptables/settled.ts";
import { FakeClock } from "../server/fake_clock.ts";

/** Reads one after the other; the last one again and again. */
async function read(readings: readonly string[]): Promise<{ last: string; count: number }> {
  const clock = new FakeClock();
  let count = 0;
  const next = (): Promise<string> => Promise.resolve(readings[count++] ?? readings.at(-1)!);
  const reading = settled(next, (text) => text, clock);
  await clock.advance(60_000);
  return { last: await reading, count };
}

Deno.test("rules are read until two readings are alike", async () => {
  assertEquals(await read(["flushed", "half", "half of it", "whole"]), { last: "whole", count: 5 });
  assertEquals(await read(["whole"]), { last: "whole", count: 2 });
});

Deno.test("rules that another tool never stops changing are taken as they are", async () => {
  const readings = Array.from({ length: 100 }, (_, at) => `reading ${at}`);
  assertEquals(await read(readings), { last: "reading 9", count: 10 });
});

Deno.test("a reading that fails ends it, also between two others", async () => {
  const clock = new FakeClock();
  let count = 0;
  const second = (): Promise<string> =>
    ++count === 2 ? Promise.reject(new Error("no iptables-save")) : Promise.resolve("whole");
  const failed = assertRejects(() => settled(second, String, clock), Error, "no iptables-save");
  await clock.advance(60_000);
  await failed;
  assertEquals(count, 2);
});

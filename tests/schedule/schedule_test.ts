import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import vectors from "../vectors.json" with { type: "json" };
import { Malformed } from "../../src/os/errors.ts";
import type { Key } from "../../src/schedule/key.ts";
import { formatRandomKey, parseKey } from "../../src/schedule/key_text.ts";
import { minuteAt, minuteStart } from "../../src/schedule/minute.ts";
import { contains, sizeOf } from "../../src/schedule/ports.ts";
import { Schedule } from "../../src/schedule/schedule.ts";

for (const { scheme, secret, minute, low, high, traps, ports } of vectors) {
  const line = scheme === "classic" ? `classic:${secret}` : secret;
  Deno.test(`schedule of ${line.slice(0, 14)}… at minute ${minute} in ${low}-${high} with ${traps} traps`, async () => {
    const schedule = await Schedule.of(parseKey(line), { low, high });
    const found = await schedule.ports(minute, traps);
    assertEquals([found.ssh, ...found.traps], ports);
    assertEquals([schedule.scheme, found.minute], [scheme, minute]);
  });
}

const randomKey = fc.uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => parseKey(formatRandomKey(bytes)));
const classicKey = fc.string({ minLength: 1 }).filter((text) => text.trim() === text && text !== "")
  .map((text): Key => ({ kind: "classic", text }));
const anyKey = fc.oneof(randomKey, classicKey);
const anyMinute = fc.integer({ min: 0, max: 2 ** 40 });
const anyRange = fc.tuple(fc.integer({ min: 1, max: 64512 }), fc.integer({ min: 1024, max: 65535 }))
  .filter(([low, size]) => low + size - 1 <= 65535)
  .map(([low, size]) => ({ low, high: low + size - 1 }));

Deno.test("ports are distinct, in range, and as many as asked for", async () => {
  await fc.assert(
    fc.asyncProperty(
      anyKey,
      anyMinute,
      anyRange,
      fc.nat(200),
      async (key, minute, range, traps) => {
        const found = await (await Schedule.of(key, range)).ports(minute, traps);
        const all = [found.ssh, ...found.traps];
        assertEquals(new Set(all).size, traps + 1);
        assert(all.every((port) => contains(range, port)));
      },
    ),
  );
});

Deno.test("the SSH port and the first traps do not depend on how many traps follow", async () => {
  await fc.assert(
    fc.asyncProperty(anyKey, anyMinute, fc.nat(30), fc.nat(30), async (key, minute, few, more) => {
      const schedule = await Schedule.of(key);
      const short = await schedule.ports(minute, few);
      const long = await schedule.ports(minute, few + more);
      assertEquals(long.ssh, short.ssh);
      assertEquals(long.traps.slice(0, few), short.traps);
    }),
  );
});

Deno.test("half of a range can be traps, one more is refused", async () => {
  for (const range of [{ low: 1, high: 65535 }, { low: 64512, high: 65535 }]) {
    const schedule = await Schedule.of(parseKey("classic:x"), range);
    const half = Math.floor(sizeOf(range) / 2);
    assertEquals(new Set((await schedule.ports(7, half)).traps).size, half);
    await assertRejects(() => schedule.ports(7, half + 1), Malformed, "too many");
  }
});

Deno.test("both ends of a range are reached and nothing beyond them", async () => {
  const range = { low: 2000, high: 3023 };
  const schedule = await Schedule.of(parseKey("classic:ends"), range);
  const seen = new Set<number>();
  for (let minute = 0; minute < 40; minute++) {
    for (const port of (await schedule.ports(minute, 512)).traps) seen.add(port);
  }
  assertEquals([Math.min(...seen), Math.max(...seen), seen.size], [2000, 3023, 1024]);
});

Deno.test("the range that travels with a key is used, and can be overridden", async () => {
  const key = parseKey(formatRandomKey(new Uint8Array(32), { low: 20000, high: 21023 }));
  assertEquals((await Schedule.of(key)).range, { low: 20000, high: 21023 });
  assertEquals((await Schedule.of(key, { low: 1, high: 65535 })).range, { low: 1, high: 65535 });
});

Deno.test("composed and decomposed spellings of a passphrase open the same ports", async () => {
  const composed = await Schedule.of(parseKey("gr\u00fc\u00dfe an alle"));
  const decomposed = await Schedule.of(parseKey("gru\u0308\u00dfe an alle"));
  assertEquals(await composed.ports(5, 3), await decomposed.ports(5, 3));
});

Deno.test("a minute is sixty seconds of unix time, whatever the time zone and locale", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 48 }), (ms) => {
    const minute = minuteAt(ms);
    assert(minuteStart(minute) <= ms && ms < minuteStart(minute + 1));
  }));
  // A moment written in any zone is the same number of milliseconds, and so the same minute.
  assertEquals(minuteAt(Date.parse("2026-11-22T12:00:59.999Z")), 29922480);
  assertEquals(minuteAt(Date.parse("2026-11-22T17:45:00+05:45")), 29922480);
});

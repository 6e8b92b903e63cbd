import { assertEquals, assertRejects } from "@std/assert";
import { FakeClock } from "./fake_clock.ts";

Deno.test("whoever waits is woken in the order of their times, each at their own", async () => {
  const clock = new FakeClock(0);
  const woken: [string, number][] = [];
  const wait = async (name: string, waiting: Promise<void>): Promise<void> => {
    await waiting;
    woken.push([name, clock.now()]);
  };
  void wait("middle", clock.sleep(3000));
  void wait("long", clock.sleep(5000));
  void wait("short", clock.sleep(1000).then(() => clock.sleep(1000)));
  await clock.advance(4000);
  assertEquals([clock.now(), clock.waiting], [4000, 1]);
  assertEquals(woken, [["short", 2000], ["middle", 3000]]);
  await clock.advanceTo(5000);
  assertEquals(woken.at(-1), ["long", 5000]);
});

Deno.test("a loop of an hour takes no hour", async () => {
  const clock = new FakeClock();
  const end = new AbortController();
  let beats = 0;
  const loop = (async () => {
    for (; !end.signal.aborted; beats++) await clock.sleep(60_000, end.signal);
  })();
  await clock.advance(3_600_000);
  assertEquals([beats, clock.waiting], [60, 1]);
  end.abort();
  await loop;
  assertEquals(clock.waiting, 0);
});

Deno.test("who sleeps does not notice that the clock is set", async () => {
  const clock = new FakeClock();
  void clock.sleep(5000);
  clock.set(clock.now() + 3_600_000);
  await clock.advance(4999);
  assertEquals(clock.waiting, 1);
  await clock.advance(1);
  assertEquals(clock.waiting, 0);
});

Deno.test("who was suspended is woken late", async () => {
  const clock = new FakeClock(0);
  const woken: number[] = [];
  void clock.sleep(1000).then(() => woken.push(clock.now()));
  clock.suspend(60_000);
  assertEquals(woken, []);
  await clock.advance(0);
  assertEquals(woken, [60_000]);
});

Deno.test("time passes until something holds, or the test fails", async () => {
  const clock = new FakeClock(0);
  let isDone = false;
  void clock.sleep(1000).then(() => clock.sleep(500)).then(() => isDone = true);
  await clock.advanceUntil(() => isDone);
  assertEquals(clock.now(), 1500);
  await assertRejects(() => clock.advanceUntil(() => false, 10), Error, "does not hold");
});

Deno.test("a loop that waits for nothing is found", async () => {
  const clock = new FakeClock(0);
  let isOver = false;
  const loop = (async () => {
    while (!isOver) await clock.sleep(0);
  })();
  await assertRejects(() => clock.advance(1), Error, "in a loop");
  isOver = true;
  await clock.advance(0);
  await loop;
});

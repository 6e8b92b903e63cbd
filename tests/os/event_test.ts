import { assertEquals } from "@std/assert";
import { Event } from "../../src/os/event.ts";
import { FakeClock } from "../server/fake_clock.ts";

const NEVER = new AbortController().signal;

/** Waits for an event, and says what came of it and when. */
function waiting(event: Event, clock: FakeClock, ms: number, signal = NEVER) {
  const seen: [boolean, number][] = [];
  const start = clock.uptime();
  void event.wait(ms, signal).then((happened) => seen.push([happened, clock.uptime() - start]));
  return seen;
}

Deno.test("whoever waits goes on as soon as it happens", async () => {
  const clock = new FakeClock();
  const event = new Event(clock);
  const seen = waiting(event, clock, 5000);
  await clock.advance(1000);
  assertEquals(seen, []);
  event.set();
  await clock.advance(0);
  assertEquals(seen, [[true, 1000]]);
});

Deno.test("what happened before somebody waits is not missed, and counts once", async () => {
  const clock = new FakeClock();
  const event = new Event(clock);
  event.set();
  event.set();
  const first = waiting(event, clock, 5000);
  await clock.advance(0);
  assertEquals(first, [[true, 0]]);
  const second = waiting(event, clock, 5000);
  await clock.advance(5000);
  assertEquals(second, [[false, 5000]]);
});

Deno.test("what was seen to is not waited for again", async () => {
  const clock = new FakeClock();
  const event = new Event(clock);
  event.set();
  event.reset();
  const seen = waiting(event, clock, 100);
  await clock.advance(100);
  assertEquals(seen, [[false, 100]]);
});

Deno.test("an abort ends the wait, and also one that has not begun", async () => {
  const clock = new FakeClock();
  const event = new Event(clock);
  const end = new AbortController();
  const seen = waiting(event, clock, 5000, end.signal);
  await clock.advance(10);
  end.abort();
  await clock.advance(0);
  assertEquals(seen, [[false, 10]]);
  assertEquals(await event.wait(5000, end.signal), false);
  assertEquals(clock.waiting, 0);
});

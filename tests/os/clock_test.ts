import { assert, assertEquals } from "@std/assert";
import { shiftedClock, systemClock } from "../../src/os/clock.ts";

const HOUR_MS = 3_600_000;

Deno.test("nobody who sleeps is woken before their time", async () => {
  await Promise.all([0, 1, 30, 7].map(async (ms) => {
    const start = performance.now();
    await systemClock.sleep(ms);
    assert(performance.now() - start >= ms);
  }));
});

Deno.test("a sleep ends at once when it is told to, and then leaves nothing behind", async () => {
  const end = new AbortController();
  let ended = false;
  const waiting = systemClock.sleep(HOUR_MS, end.signal).then(() => ended = true);
  await Promise.resolve();
  assertEquals(ended, false);
  end.abort();
  await waiting;
  await systemClock.sleep(HOUR_MS, end.signal);
});

Deno.test("who sleeps does not notice that the clock of the machine is set", async () => {
  const now = Date.now;
  try {
    const waiting = systemClock.sleep(30);
    Date.now = () => now() - HOUR_MS;
    await waiting;
  } finally {
    Date.now = now;
  }
});

Deno.test("a shifted clock runs beside the one it belongs to", async () => {
  const ahead = shiftedClock({ ...systemClock, now: () => 1000 }, HOUR_MS);
  assertEquals(ahead.now(), HOUR_MS + 1000);
  await ahead.sleep(1);
});

import { assert, assertEquals } from "@std/assert";
import { shiftedClock, systemClock } from "../../src/host/clock.ts";

/** What happens while somebody sets the clock of the machine, as far as this process sees it. */
async function settingTheClock(work: (set: (ms: number) => void) => Promise<void>): Promise<void> {
  const now = Date.now;
  let by = 0;
  Date.now = () => now() + by;
  try {
    await work((ms) => by += ms);
  } finally {
    Date.now = now;
  }
}

const HOUR_MS = 3_600_000;

Deno.test("until() resolves at the moment, near or far", async () => {
  for (const ms of [0, 30, 1700]) {
    const moment = Date.now() + ms;
    while (Date.now() < moment) await systemClock.until(moment);
    assert(Date.now() - moment < 500, `${Date.now() - moment} ms late`);
  }
});

Deno.test("until() resolves when the clock is set past the moment, or back", async () => {
  for (const ms of [2 * HOUR_MS, -HOUR_MS]) {
    await settingTheClock(async (set) => {
      const waiting = systemClock.until(Date.now() + HOUR_MS);
      set(ms);
      await waiting;
    });
  }
});

Deno.test("until() goes by the clock it belongs to", async () => {
  const ahead = shiftedClock(systemClock, HOUR_MS);
  await ahead.until(ahead.now() + 20);
  await ahead.until(ahead.now() - 20);
});

Deno.test("until() ends at once when it is told to, and then waits for nothing", async () => {
  const end = new AbortController();
  let ended = false;
  const waiting = systemClock.until(Date.now() + HOUR_MS, end.signal).then(() => ended = true);
  await Promise.resolve();
  assertEquals(ended, false);
  end.abort();
  await waiting;
  await systemClock.until(Date.now() + HOUR_MS, end.signal);
});

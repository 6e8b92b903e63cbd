import { assertEquals } from "@std/assert";
import type { Clock } from "../../src/host/clock.ts";
import type { ServiceManager } from "../../src/host/notify.ts";
import { heartbeat } from "../../src/server/heartbeat.ts";

/** A service manager that counts signs of life, and a clock that stops the test after some waits. */
function scene(patience: number | null, waits: number) {
  const end = new AbortController();
  const slept: number[] = [];
  let beats = 0;
  const nothing = () => Promise.resolve();
  const service: ServiceManager = {
    isThere: true,
    patience,
    ready: nothing,
    status: nothing,
    reloading: nothing,
    stopping: nothing,
    alive: () => Promise.resolve(void beats++),
    [Symbol.dispose]: () => {},
  };
  const clock: Clock = {
    now: () => 0,
    sleep: (ms) => {
      if (slept.push(ms) === waits) end.abort();
      return Promise.resolve();
    },
    until: nothing,
  };
  return { service, clock, signal: end.signal, slept, beats: () => beats };
}

Deno.test("heartbeat() gives a sign of life three times within the patience of systemd", async () => {
  const { service, clock, signal, slept, beats } = scene(30_000, 2);
  await heartbeat(service, () => true, clock, signal);
  assertEquals({ slept, beats: beats() }, { slept: [10_000, 10_000], beats: 2 });
});

Deno.test("heartbeat() is silent while the ports are not those of the minute", async () => {
  const { service, clock, signal, beats } = scene(30_000, 3);
  await heartbeat(service, () => false, clock, signal);
  assertEquals(beats(), 0);
});

Deno.test("heartbeat() ends where nobody waits for a sign of life", async () => {
  const { service, clock, signal, slept } = scene(null, 1);
  await heartbeat(service, () => true, clock, signal);
  assertEquals(slept, []);
});

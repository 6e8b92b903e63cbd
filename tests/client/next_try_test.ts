import { assertEquals } from "@std/assert";
import type { Neighbour } from "../../src/client/nearby_minutes.ts";
import { type FailedRun, nextPlace } from "../../src/client/next_try.ts";
import { systemHost } from "../../src/os/host.ts";
import { minuteStart } from "../../src/schedule/minute.ts";
import { Schedule } from "../../src/schedule/schedule.ts";

const MINUTE = 30_000_000;
const SCHEDULE = await Schedule.of({ kind: "random", bytes: new Uint8Array(32).fill(7) });

/** The SSH port of a minute, counted from {@linkcode MINUTE}. */
async function place(offset: number): Promise<Neighbour> {
  const minute = MINUTE + offset;
  return { minute, port: (await SCHEDULE.ports(minute, 0)).ssh };
}

interface Scene {
  /** The minutes whose ports are open, counted as for {@linkcode place}. */
  readonly open: readonly number[];
  /** The minute to whose port ssh was led. */
  readonly led: number;
  /** Seconds after the start of the minute 0 at which ssh started and ended, by the client's clock. */
  readonly from: number;
  readonly to: number;
}

let scenes = 0;

/**
 * The minute whose port is to be tried next, counted as for {@linkcode place}; null if none is, and "unknown" if the
 * user is told that nobody knows whether the command ran.
 */
async function next({ open, led, from, to }: Scene): Promise<number | "unknown" | null> {
  await using stack = new AsyncDisposableStack();
  const hostname = `127.77.${Deno.pid % 250}.${++scenes}`; // where nobody else listens
  for (const offset of open) {
    const { port } = await place(offset);
    const listener = stack.adopt(
      Deno.listen({ hostname, port }),
      (each) => each.close(),
    );
    void (async () => {
      for await (const conn of listener) conn.close();
    })().catch(() => {});
  }
  const notes: string[] = [];
  const start = minuteStart(MINUTE);
  const clock = { now: () => start + to * 1000, sleep: () => Promise.resolve() };
  const host = {
    ...systemHost,
    clock,
    terminal: { ...systemHost.terminal, note: (text: string) => void notes.push(text) },
  };
  const run: FailedRun = {
    open: await place(led),
    began: start + from * 1000,
    took: (to - from) * 1000,
    command: true,
    isQuiet: false,
    source: "a key",
  };
  const target = { hostname, schedule: SCHEDULE, traps: 15, door: null, clock };
  const found = await nextPlace(run, "web", target, host);
  if (found !== null) return found.minute - MINUTE;
  return notes.some((text) => text.includes("unknown whether the command ran")) ? "unknown" : null;
}

Deno.test("what failed while the minute changed met its port, and does not run again", async () => {
  assertEquals(await next({ open: [0, 1], led: 0, from: 59, to: 60.5 }), null);
  assertEquals(await next({ open: [1], led: 0, from: 50, to: 60.5 }), null);
  assertEquals(await next({ open: [1], led: 0, from: 59, to: 60.5 }), "unknown", "without a grace");
  // Of a server whose minute changes in the middle of ours.
  assertEquals(await next({ open: [-2, -1], led: -2, from: 29, to: 30.5 }), null);
});

Deno.test("what failed at once at a port that does not answer is led to the one that does", async () => {
  assertEquals(await next({ open: [-1], led: 0, from: 29, to: 30.5 }), -1);
  assertEquals(await next({ open: [0], led: -1, from: 29, to: 30.5 }), 0);
  assertEquals(await next({ open: [0], led: 0, from: 29, to: 30.5 }), null);
  assertEquals(await next({ open: [-1], led: 0, from: 20, to: 30.5 }), "unknown");
});

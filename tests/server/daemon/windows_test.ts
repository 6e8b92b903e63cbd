import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { MINUTE_MS, minuteAt } from "../../../src/schedule/minute.ts";
import { horizonOf, openAt } from "../../../src/schedule/windows.ts";
import { Server, START } from "./server.ts";

const USER = "192.0.2.7";

/** Seconds from now until the last window in the kernel closes. */
function secondsAhead({ kernel, clock }: Server): number {
  return horizonOf(kernel.rules.get(4)!.windows) - clock.now() / 1000;
}

/** What the port of this minute leads to. */
async function answer(server: Server): Promise<string> {
  return server.kernel.connect(USER, (await server.ports()).ssh);
}

Deno.test("a start loads the windows of the next ten minutes, alike in both families", async () => {
  await using server = await Server.start();
  assertEquals(server.callsOf("load"), [0]);
  const four = server.kernel.rules.get(4)!;
  assertEquals(server.kernel.rules.get(6), four);
  const minute = minuteAt(START);
  const minutes = four.windows.map((each) => each.minute - minute);
  assertEquals(minutes, [-2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert(secondsAhead(server) >= 600);
  assertEquals(await answer(server), "service ssh");
  assertEquals(server.logged("started").length, 1);
});

Deno.test("for an hour the port of each minute leads to sshd, at its first and last second", async () => {
  await using server = await Server.start({ config: { grace: 0 } });
  await server.pass(29.999);
  for (let minute = 0; minute < 60; minute++) {
    assertEquals(await answer(server), "service ssh", `end of minute ${minute}`);
    const { ssh } = await server.ports();
    await server.pass(0.001);
    assert(server.kernel.connect(USER, ssh) !== "service ssh", "the port of the minute before");
    assertEquals(await answer(server), "service ssh", `begin of minute ${minute + 1}`);
    await server.kernel.sets.get(4)!.bans.clear();
    await server.pass(59.999);
  }
});

Deno.test("nothing is asked of the packet filter because a minute changes", async () => {
  await using server = await Server.start();
  await server.pass(40); // the last look that a start has
  server.calls.length = 0;
  for (let minute = 0; minute < 4; minute++) {
    await server.clock.advanceTo((minuteAt(server.clock.now()) + 1) * MINUTE_MS - 100);
    server.calls.length = 0;
    await server.clock.advance(200);
    assertEquals(server.calls.filter(({ method }) => method !== "look"), []);
    assertEquals(await answer(server), "service ssh");
  }
});

Deno.test("windows are loaded anew when half of them are used up, and not before", async () => {
  await using server = await Server.start();
  await server.pass(3600);
  assertEquals(server.callsOf("load"), [0]);
  const opened = server.callsOf("open");
  assertEquals(opened.length, 11, opened.join());
  for (const [i, second] of opened.entries()) {
    const rest = second - (opened[i - 1] ?? 0);
    assert(rest >= 300 && rest <= 312, `${rest} s between two`);
  }
  assert(secondsAhead(server) > 300);
});

Deno.test("so much time ahead is loaded as is asked for", async () => {
  for (const ahead of [120, 3600]) {
    await using server = await Server.start({ config: { ahead } });
    assert(secondsAhead(server) >= ahead && secondsAhead(server) < ahead + 75 + 60);
    await server.pass(2 * ahead);
    assert(secondsAhead(server) >= ahead / 2 - 15, `${secondsAhead(server)} s of ${ahead}`);
    assertEquals(server.callsOf("open").length, 3);
  }
});

Deno.test("a daemon that is stopped for five minutes is not missed", async () => {
  await using server = await Server.start();
  for (let minute = 0; minute < 5; minute++) {
    server.clock.suspend(60_000);
    assertEquals(await answer(server), "service ssh", `minute ${minute + 1}`);
  }
});

Deno.test("a service that begins to listen wins its port from the windows to come", async () => {
  await using server = await Server.start();
  const { ssh } = await server.ports(3);
  const { traps: [trap] } = await server.ports(4);
  await server.pass(20);
  server.listeners.system.add(ssh).add(trap!);
  await server.pass(42);
  const windows = server.kernel.rules.get(4)!.windows;
  const minute = minuteAt(START) + 3;
  const of = (at: number) => windows.find((each) => each.minute === at)!;
  assertEquals(of(minute).doors, []);
  assert(!of(minute + 1).traps.includes(trap!));
  const [told] = server.logged("port_taken");
  assertEquals([told!.level, told!.fields["port"]], ["warning", ssh]);
  server.listeners.system.delete(ssh);
  await server.pass(42);
  const again = server.kernel.rules.get(4)!.windows.find((each) => each.minute === minute)!;
  assertEquals(again.doors.map(({ port }) => port), [ssh]);
});

Deno.test("a port that is taken is told once, however often windows are loaded", async () => {
  await using server = await Server.start();
  const taken = await Promise.all(
    [8, 12, 14].map(async (minute) => (await server.ports(minute)).ssh),
  );
  for (const port of taken) server.listeners.system.add(port);
  await server.pass(1200);
  const told = server.logged("port_taken").map(({ fields }) => [fields["port"], fields["minute"]]);
  const times = [8, 12, 14].map((offset) =>
    new Date((minuteAt(START) + offset) * MINUTE_MS).toISOString().slice(0, 16) + "Z"
  );
  assertEquals(told, taken.map((port, i) => [port, times[i]]));
});

Deno.test("a port that another rule forwards is theirs as soon as that rule is there", async () => {
  await using server = await Server.start();
  const { ssh } = await server.ports(2);
  await server.pass(60);
  server.calls.length = 0;
  server.kernel.forwarded.add(ssh);
  server.kernel.changed("docker-proxy");
  await server.pass(1);
  assert(server.calls.some(({ method }) => method === "open"));
  assertEquals(openAt(server.kernel.rules.get(4)!.windows, (START + 90_000) / 1000).length, 2);
  await server.pass(60);
  assertEquals(await answer(server), "listener");
});

Deno.test("a port that another rule forwards is theirs also if nothing was there yet to tell", async () => {
  await using server = await Server.start();
  const { ssh } = await server.ports(2);
  server.kernel.forwarded.add(ssh);
  await server.pass(60);
  assertEquals(server.callsOf("open").length, 1);
  await server.pass(60);
  assertEquals(await answer(server), "listener");
});

Deno.test("own rules that are loaded are no reason to load them again", async () => {
  await using server = await Server.start();
  await server.pass(60);
  assertEquals(server.callsOf("open"), []);
  server.kernel.changed("iptables-restore");
  await server.pass(60);
  assertEquals(server.callsOf("open"), [], "nothing else was forwarded");
});

const HOUR_MS = 60 * MINUTE_MS;

const STEPS: readonly [string, number][] = [
  ["an hour forth", HOUR_MS],
  ["an hour back", -HOUR_MS],
  ["twenty minutes forth, beyond the horizon", 20 * MINUTE_MS],
  ["eight minutes forth, within the horizon", 8 * MINUTE_MS],
  ["a second back", -1000],
  ["two minutes back", -2 * MINUTE_MS],
  ["ten years forth", 3652 * 24 * HOUR_MS],
];

for (const [what, by] of STEPS) {
  for (const after of [5, 29.9, 30.1, 299, 301]) {
    Deno.test(`the clock is set ${what} after ${after} s, and ports follow it`, async () => {
      await using server = await Server.start();
      await server.pass(after);
      const wasOpen = server.kernel.rules.get(4)!.windows;
      server.clock.set(server.clock.now() + by);
      if (openAt(wasOpen, server.clock.now() / 1000).length > 0) {
        assertEquals(await answer(server), "service ssh", "at once, by the kernel's own clock");
      }
      await server.pass(11);
      assertEquals(await answer(server), "service ssh");
      assert(secondsAhead(server) >= 280, `${secondsAhead(server)} s ahead`);
      await server.pass(600);
      assertEquals(await answer(server), "service ssh");
    });
  }
}

Deno.test("a clock set back into the grace of the first window has the ports of its own minute", async () => {
  await using server = await Server.start();
  await server.pass(315); // renewed: what is loaded begins two minutes before
  const first = server.kernel.rules.get(4)!.windows[0]!;
  server.clock.set((first.from + 1) * 1000);
  await server.pass(11);
  assertEquals(await answer(server), "service ssh");
});

Deno.test("however the clock is set and the machine sleeps, the ports are those of UTC soon after", async () => {
  const step = fc.record({
    after: fc.integer({ min: 0, max: 400 }),
    by: fc.integer({ min: -7_200, max: 7_200 }),
    asleep: fc.integer({ min: 0, max: 3600 }),
  });
  const property = fc.asyncProperty(
    fc.array(step, { maxLength: 5 }),
    fc.constantFrom(0, 3, 15, 60),
    async (steps, grace) => {
      await using server = await Server.start({ config: { grace } });
      for (const { after, by, asleep } of steps) {
        await server.pass(after);
        assertEquals(await answer(server), "service ssh");
        server.clock.set(server.clock.now() + by * 1000);
        server.clock.suspend(asleep * 1000);
        await server.pass(11);
        assertEquals(await answer(server), "service ssh");
      }
    },
  );
  await fc.assert(property, { numRuns: 40 });
});

Deno.test("a clock beyond the horizon is told once", async () => {
  await using server = await Server.start();
  server.clock.set(server.clock.now() + HOUR_MS);
  await server.pass(30);
  assertEquals(server.logged("clock_jump").map(({ level }) => level), ["warning"]);
});

Deno.test("a machine that was asleep has the ports of the moment when it wakes", async () => {
  for (const ms of [90_000, 8 * HOUR_MS]) {
    await using server = await Server.start();
    await server.pass(7.5);
    server.clock.suspend(ms);
    await server.pass(11);
    assertEquals(await answer(server), "service ssh");
  }
});

Deno.test("a machine without a battery begins in 1970, and follows when it learns the time", async () => {
  await using server = await Server.start({ at: 20_000 });
  assertEquals(await answer(server), "service ssh");
  await server.pass(120);
  assertEquals(await answer(server), "service ssh");
  server.clock.set(START);
  await server.pass(11);
  assertEquals(await answer(server), "service ssh");
});

Deno.test("the port of sshd itself is hidden until the windows have run out, and then as was asked", async () => {
  for (const [fail, then] of [["open", "service ssh"], ["closed", "silence"]] as const) {
    await using server = await Server.start({ config: { fail } });
    assertEquals(server.kernel.connect(USER, 22), "silence");
    server.clock.suspend(9 * MINUTE_MS);
    assertEquals(server.kernel.connect(USER, 22), "silence", "serve is dead");
    server.clock.suspend(3 * MINUTE_MS);
    assertEquals(server.kernel.connect(USER, 22), then);
  }
});

import { assert, assertEquals } from "@std/assert";
import { after, pause, within } from "../../src/os/timer.ts";

Deno.test("whoever waits is called in the order of their times, however they came", async () => {
  const called: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  // Far enough apart for a machine that stops for a while between two calls.
  for (const ms of [800, 200, 600, 400, 200]) after(ms, () => called.push(ms));
  after(1000, resolve);
  await promise;
  assertEquals(called, [200, 200, 400, 600, 800]);
});

Deno.test("nobody is called before their time", async () => {
  const start = performance.now();
  await Promise.all([7, 1, 19, 3].map(async (ms) => {
    await pause(ms);
    assert(performance.now() - start >= ms);
  }));
});

Deno.test("who is called off is not called, and the others are", async () => {
  const called: string[] = [];
  const callOff = after(5, () => called.push("off"));
  after(10, () => called.push("on"));
  callOff();
  callOff();
  await pause(15);
  assertEquals(called, ["on"]);
});

Deno.test("one who is called may call off another of the same moment", async () => {
  const called: string[] = [];
  let callOff = (): void => {};
  after(5, () => {
    called.push("first");
    callOff();
  });
  callOff = after(5, () => called.push("second"));
  await pause(15);
  assertEquals(called, ["first"]);
});

Deno.test("one who is called may wait anew", async () => {
  const called: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  after(5, () => {
    called.push("first");
    after(5, () => {
      called.push("again");
      resolve();
    });
  });
  await promise;
  assertEquals(called, ["first", "again"]);
});

Deno.test("what comes in time is had, what does not is not waited for", async () => {
  assertEquals(await within(Promise.resolve("here"), 1000), "here");
  assertEquals(await within(new Promise<string>(() => {}), 5), undefined);
});

/** What a program says whose timers are light, and that a listener keeps as long as it does not end. */
async function lightly(code: string): Promise<string> {
  const module = new URL("../../src/os/timer.ts", import.meta.url);
  const program = `import { after, pause, useLightTimers } from "${module}";
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    listener.accept().catch(() => {});
    useLightTimers();
    ${code}
    listener.close();`;
  const args = ["eval", "--quiet", program];
  const signal = AbortSignal.timeout(30_000); // or this test would last for ever
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, signal }).output();
  return new TextDecoder().decode(stdout);
}

Deno.test("light timers are called in their order, not before their time, and not once called off", async () => {
  const said = await lightly(`
    const start = performance.now();
    const called = [];
    const early = [];
    for (const ms of [40, 5, 20]) {
      after(ms, () => {
        called.push(ms);
        if (performance.now() - start < ms - 1) early.push(ms);
      });
    }
    const callOff = after(10, () => called.push("off"));
    callOff();
    callOff();
    await pause(120);
    console.log(JSON.stringify({ called, early }));`);
  assertEquals(JSON.parse(said), { called: [5, 20, 40], early: [] });
});

Deno.test("a light timer that has a long time to go does not keep the process", async () => {
  assertEquals(await lightly(`after(3_600_000, () => {}); console.log("done");`), "done\n");
});

Deno.test("a timer that was called off does not keep the process", async () => {
  const module = new URL("../../src/os/timer.ts", import.meta.url);
  const program = `import { after } from "${module}"; after(3_600_000, () => {})();`;
  const args = ["eval", "--quiet", program];
  const signal = AbortSignal.timeout(30_000); // or this test would last an hour
  const { code } = await new Deno.Command(Deno.execPath(), { args, signal }).output();
  assertEquals(code, 0);
});

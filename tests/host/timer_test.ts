import { assert, assertEquals } from "@std/assert";
import { after, afterAbout, everyBeat, pause, within } from "../../src/host/timer.ts";

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

Deno.test("those who have a second or more are called in one go, early rather than late", async () => {
  const called: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  await pause(1005 - performance.now() % 1000); // the beat shall not come between the two
  afterAbout(1100, () => {
    called.push("one");
    queueMicrotask(() => called.push("next turn"));
  });
  afterAbout(1900, () => {
    called.push("other");
    queueMicrotask(resolve);
  });
  after(400, () => called.push("exactly"));
  await promise;
  assertEquals(called, ["exactly", "one", "other", "next turn"]);
});

Deno.test("what comes in time is had, what does not is not waited for", async () => {
  assertEquals(await within(Promise.resolve("here"), 1000), "here");
  assertEquals(await within(new Promise<string>(() => {}), 5), undefined);
});

Deno.test("who wants every beat is called at each, and called off no more", async () => {
  const called: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = everyBeat(() => {
    if (called.push(performance.now()) === 3) resolve();
  });
  await promise;
  end();
  for (const [i, at] of called.slice(1).entries()) assert(at - called[i]! > 500);
  await pause(1100);
  assertEquals(called.length, 3);
});

/** What a program says that has thrifty beats, and that a listener keeps as long as it does not end. */
async function thriftily(code: string): Promise<string> {
  const module = new URL("../../src/host/timer.ts", import.meta.url);
  const program = `import { afterAbout, beThrifty, everyBeat } from "${module}";
    Deno.listen({ hostname: "127.0.0.1", port: 0 }).accept();
    const end = (text) => { console.log(text); Deno.exit(); };
    ${code}`;
  const args = ["eval", "--quiet", program];
  const signal = AbortSignal.timeout(30_000); // or this test would last for ever
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, signal }).output();
  return new TextDecoder().decode(stdout);
}

Deno.test("a thrifty beat brings all who wait so long, and who wants every beat", async () => {
  const said = await thriftily(`let beats = 0;
    const waiting = Atomics.waitAsync;
    let waits = 0;
    Atomics.waitAsync = (...args) => (waits++, waiting(...args));
    beThrifty();
    everyBeat(() => beats++);
    afterAbout(2500, () => end([beats >= 1, waits >= 2].join()));`);
  assertEquals(said, "true,true\n");
});

Deno.test("where thrifty beats do not come, others take their place", async () => {
  const said = await thriftily(`
    Atomics.waitAsync = () => ({ async: true, value: new Promise(() => {}) });
    beThrifty(50);
    let beats = 0;
    everyBeat(() => { if (++beats === 3) end("came"); });`);
  assertEquals(said, "came\n");
});

Deno.test("a timer that was called off does not keep the process", async () => {
  const module = new URL("../../src/host/timer.ts", import.meta.url);
  const program = `import { after } from "${module}"; after(3_600_000, () => {})();`;
  const args = ["eval", "--quiet", program];
  const signal = AbortSignal.timeout(30_000); // or this test would last an hour
  const { code } = await new Deno.Command(Deno.execPath(), { args, signal }).output();
  assertEquals(code, 0);
});

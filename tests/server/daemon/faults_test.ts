import { assert, assertEquals, assertRejects } from "@std/assert";
import { failures, type Fallible } from "../../../src/firewall/memory.ts";
import { Failure } from "../../../src/os/errors.ts";
import { parseBanned } from "../../../src/os/address.ts";
import { openAt } from "../../../src/schedule/windows.ts";
import { Server } from "./server.ts";

const USER = "192.0.2.7";
const SCANNER = "192.0.2.66";

const HOW: readonly [string, () => Error][] = [
  ["another tool holds the lock", failures.locked],
  ["the tool is killed", failures.killed],
  ["the tool hangs", failures.stuck],
  ["the tool is gone", failures.missing],
];

/** Whether the kernel has a window for now, and the port of the minute leads to sshd. */
async function isServing(server: Server): Promise<boolean> {
  const windows = server.kernel.rules.get(4)?.windows ?? [];
  return openAt(windows, server.clock.now() / 1000).length > 0 &&
    server.kernel.connect(USER, (await server.ports()).ssh) === "service ssh";
}

for (const [how, failure] of HOW) {
  Deno.test(`while ${how}, windows are tried again until they are loaded, long before the last closes`, async () => {
    await using server = await Server.start();
    await server.pass(290);
    server.firewall.fail("open", failure, { times: 30 });
    await server.pass(60);
    assert(await isServing(server));
    assertEquals(server.logged("task_failed").length, 1, "told once");
    await server.pass(60);
    assertEquals(server.logged("recovered").length, 1);
    assertEquals((await server.report())!.isFailing, false);
    await server.pass(3600);
    assert(await isServing(server));
  });

  Deno.test(`while ${how}, nothing else has to wait`, async () => {
    await using server = await Server.start();
    await server.pass(290);
    server.firewall.fail("open", failure, { times: 10_000 });
    server.kernel.connect(SCANNER, await server.trap(), { complete: false });
    server.kernel.connect(USER, (await server.ports()).ssh);
    server.logins.push({ address: USER, account: "ann" });
    await server.pass(30);
    assertEquals(server.logged("ban").length, 1);
    assertEquals(server.logged("login").length, 1);
    const report = await server.report();
    assertEquals([report!.isFailing, report!.bans, report!.logins], [true, 1, 1]);
  });
}

const METHODS: readonly Fallible[] = ["open", "ban", "trust", "look", "drift", "forwards", "load"];

for (const method of METHODS) {
  for (const isDone of [false, true]) {
    Deno.test(`${method}() that fails ${isDone ? "behind" : "before"} its work does not end serve`, async () => {
      await using server = await Server.start();
      await server.pass(30);
      server.firewall.fail(method, () => failures.stuck(), { times: 7, isDone });
      server.kernel.flushRules();
      server.kernel.connect(SCANNER, await server.trap(), { complete: false });
      server.kernel.connect(USER, (await server.ports()).ssh);
      server.logins.push({ address: USER, account: null });
      await server.pass(700);
      assertEquals(server.error, null);
      assert(await isServing(server));
    });
  }
}

Deno.test("a failure that lasts is told once in a while, not at each try", async () => {
  await using server = await Server.start();
  server.firewall.fail("look", () => failures.missing(), { times: 100_000 });
  await server.pass(600);
  const told = server.logged("task_failed");
  assert(told.length >= 2 && told.length <= 8, `${told.length} times in ten minutes`);
  assertEquals(told[0]!.level, "error");
});

Deno.test("a start whose rules cannot be loaded fails, and leaves nothing behind", async () => {
  const left: Server[] = [];
  await assertRejects(
    () =>
      Server.start({
        before: (server) => {
          left.push(server);
          server.firewall.fail("load", () => failures.locked());
        },
      }),
    Failure,
    "xtables lock",
  );
  assertEquals([left[0]!.kernel.rules.size, left[0]!.told], [0, ["stopping"]]);
  await left[0]![Symbol.asyncDispose]();
});

Deno.test("a start goes on although nobody can tell what other rules do", async () => {
  await using server = await Server.start({
    before: ({ firewall }) => {
      firewall.fail("obstacles", () => failures.killed(), { times: 2 });
      firewall.fail("forwards", () => failures.killed(), { times: 2 });
    },
  });
  assert(await isServing(server));
  assertEquals(server.logged("ports_unreadable").length, 1);
  assertEquals(server.logged("firewall_unreadable").length, 1);
  const { ssh } = await server.ports(1);
  server.kernel.forwarded.add(ssh);
  await server.pass(60);
  assertEquals(
    server.kernel.rules.get(4)!.windows.some(({ doors }) => doors.some(({ port }) => port === ssh)),
    false,
    "it is read again",
  );
});

Deno.test("bans that cannot be read at the end do not keep it from removing everything", async () => {
  const server = await Server.start();
  await server.firewall.ban([{ address: parseBanned(SCANNER), seconds: 900 }]);
  server.firewall.fail("bans", () => failures.stuck(), { times: 99 });
  await server.stop();
  assertEquals(server.kernel.rules.size, 0);
  assertEquals(server.logged("state_write_failed").length, 1);
  await server[Symbol.asyncDispose]();
});

Deno.test("a service manager hears of life while the kernel has a window, and not longer", async () => {
  await using server = await Server.start({ patience: 12_000 });
  assertEquals(server.told.slice(0, 2), ["ready", "status"]);
  server.told.length = 0;
  await server.pass(120);
  const beats = server.told.length;
  assert(beats >= 30 && beats <= 70, `${beats} in two minutes`);
  server.firewall.fail("open", () => failures.stuck(), { times: 100_000 });
  await server.pass(540);
  assert(server.told.length > beats, "windows are there to the horizon");
  await server.pass(180);
  const last = server.told.length;
  await server.pass(60);
  assertEquals(server.told.length, last, "none for this minute");
});

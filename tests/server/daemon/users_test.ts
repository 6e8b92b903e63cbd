import { assert, assertEquals, assertMatch, assertNotEquals, assertNotMatch } from "@std/assert";
import { join } from "@std/path";
import { parseKey } from "../../../src/schedule/key_text.ts";
import { minuteAt } from "../../../src/schedule/minute.ts";
import { Schedule } from "../../../src/schedule/schedule.ts";
import { failures } from "../../../src/firewall/memory.ts";
import { isShut } from "../../../src/server/cut.ts";
import { Server, START } from "./server.ts";
import {
  addUser,
  keyLine,
  portOf,
  putUser,
  removeUser,
  usersInWindows,
  windowsOf,
} from "./users.ts";

const CLIENT = "192.0.2.7";

/** Starts a server with these users, whose keys are numbered from 1 on. */
async function startWith(...names: string[]): Promise<Server> {
  return await Server.start({
    before: async (server) => {
      for (const [at, name] of names.entries()) await addUser(server, name, at + 1);
    },
  });
}

Deno.test("a server with its own key alone has the ports and traps that it always had", async () => {
  await using server = await Server.start();
  for (const { offset, doors, traps } of windowsOf(server)) {
    const own = await server.ports(offset);
    assertEquals(doors, [{ service: "ssh", port: own.ssh, user: "default" }]);
    const near = await Promise.all([-1, 1].map((by) => server.ports(offset + by)));
    assertEquals(traps, own.traps.filter((port) => near.every(({ ssh }) => ssh !== port)));
  }
  const files = await Array.fromAsync(Deno.readDir(server.folder), ({ name }) => name);
  assertEquals(files.filter((name) => name.includes("trap")), []);
});

Deno.test("the port of a user leads to sshd, and those of others are what they would be alone", async () => {
  await using server = await startWith("alice", "bob");
  for (const { offset, doors } of windowsOf(server)) {
    assertEquals(doors, [
      { service: "ssh", port: (await server.ports(offset)).ssh, user: "default" },
      { service: "ssh", port: await portOf(server, keyLine(1), offset), user: "alice" },
      { service: "ssh", port: await portOf(server, keyLine(2), offset), user: "bob" },
    ]);
  }
  for (const port of [await portOf(server, keyLine(1)), await portOf(server, keyLine(2))]) {
    assertEquals(server.kernel.connect(CLIENT, port), "service ssh");
  }
});

Deno.test("with users there are traps for each of their ports, from a key that none of them has", async () => {
  await using server = await startWith("alice");
  const lines = ["classic:daemon", keyLine(1)];
  const walks = await Promise.all(lines.map(async (line) => {
    const schedule = await Schedule.of(parseKey(line));
    return (await schedule.ports(minuteAt(START), 200)).traps;
  }));
  const { traps } = windowsOf(server).find(({ offset }) => offset === 0)!;
  assert(traps.length >= 28 && traps.length <= 30, `${traps.length} traps`);
  // Of so many ports some may meet by chance; with traps from either walk all of them would.
  assert(walks.flat().filter((port) => traps.includes(port)).length < 5);
  const file = join(server.folder, "traps.key");
  assertEquals((await Deno.stat(file)).mode! & 0o777, 0o600);
  await using again = await Server.start({ after: server });
  assertEquals(windowsOf(again).find(({ offset }) => offset === 0)!.traps, traps);
});

Deno.test("a key of the traps that others may have read is replaced, and that is told", async () => {
  await using first = await startWith("alice");
  const { traps } = windowsOf(first)[0]!;
  await first.stop();
  await Deno.chmod(join(first.folder, "traps.key"), 0o644);
  await using server = await Server.start({ after: first });
  assertNotEquals(windowsOf(server)[0]!.traps, traps);
  assertEquals(server.logged("trap_key_replaced").length, 1);
});

Deno.test("a user who is added has a port in every loaded window within two seconds", async () => {
  await using server = await startWith("alice");
  await server.pass(60);
  await addUser(server, "bob", 2);
  server.touchUsers();
  await server.pass(2);
  assertEquals(
    usersInWindows(server),
    windowsOf(server).map(() => ["default", "alice", "bob"]),
  );
  assertEquals(server.kernel.connect(CLIENT, await portOf(server, keyLine(2))), "service ssh");
  const [line] = server.logged("user_added");
  assertEquals(line!.fields["user"], "bob");
  assertMatch(String(line!.fields["fingerprint"]), /^[0-9a-f]{8}$/);
});

Deno.test("a user who is removed has a port in no window within two seconds, and others keep theirs", async () => {
  await using server = await startWith("alice", "bob");
  await server.pass(25); // a port of the coming minute is open too
  const ports = await Promise.all([-1, 0, 1].map((by) => portOf(server, keyLine(1), by)));
  await removeUser(server, "alice");
  server.touchUsers();
  await server.pass(2);
  assertEquals(usersInWindows(server), windowsOf(server).map(() => ["default", "bob"]));
  for (const port of ports) {
    assertNotEquals(server.kernel.connect("192.0.2.99", port), "service ssh");
  }
  assertEquals(server.kernel.connect(CLIENT, await portOf(server, keyLine(2))), "service ssh");
  assertEquals(server.logged("user_removed").map(({ fields }) => fields["user"]), ["alice"]);
  assertEquals(server.callsOf("load").length, 1, "windows are replaced, and no rule is");
});

Deno.test("a user who was removed is said to be shut out when the kernel has no port of theirs, and not before", async () => {
  await using server = await startWith("alice");
  server.firewall.fail("open", failures.locked, { times: 10 });
  await removeUser(server, "alice");
  server.touchUsers();
  await server.pass(3);
  assert(usersInWindows(server).flat().includes("alice"));
  const before = (await server.report())!;
  assertEquals([before.users.map(({ user }) => user), isShut(before, "alice")], [
    ["default"],
    false,
  ]);
  await server.pass(60);
  assert(!usersInWindows(server).flat().includes("alice"));
  assertEquals(isShut((await server.report())!, "alice"), true);
});

Deno.test("a user who gets another key has its port, and no longer that of the old one", async () => {
  await using server = await startWith("alice");
  await addUser(server, "alice", 7);
  server.touchUsers();
  await server.pass(2);
  assertEquals(server.kernel.connect(CLIENT, await portOf(server, keyLine(7))), "service ssh");
  assertNotEquals(
    server.kernel.connect("192.0.2.9", await portOf(server, keyLine(1))),
    "service ssh",
  );
  assertEquals(server.logged("user_changed").map(({ fields }) => fields["user"]), ["alice"]);
});

Deno.test("where nothing tells of changes, the folder is read all the same", async () => {
  await using server = await startWith("alice");
  await server.pass(60);
  await addUser(server, "bob", 2);
  await server.pass(71);
  assertEquals(usersInWindows(server)[0], ["default", "alice", "bob"]);
});

Deno.test("a folder that is as it was is no reason to load anything", async () => {
  await using server = await startWith("alice");
  await server.pass(30);
  server.calls.length = 0;
  server.touchUsers();
  await server.pass(20);
  assertEquals(server.calls.filter(({ method }) => method === "open" || method === "load"), []);
});

Deno.test("a broken file disables its user alone, one line names it, and no key is in it", async () => {
  await using server = await startWith("alice", "bob", "carol");
  await putUser(server, "bob", `key = "${keyLine(2)}"\nservice = ["ssh"]\n`);
  await putUser(server, "carol", `key = "${keyLine(3)}"\n`, 0o644);
  server.touchUsers();
  await server.pass(200);
  assertEquals(usersInWindows(server)[0], ["default", "alice"]);
  const told = server.logged("user_unusable");
  assertEquals(told.map(({ level, fields }) => [level, fields["file"]]), [
    ["error", join(server.folder, "users", "bob.toml")],
    ["error", join(server.folder, "users", "carol.toml")],
  ]);
  assertEquals(server.logged("user_removed"), [], "the line about the file says it");
  assertNotMatch(JSON.stringify(server.lines), /c3po-1-|AQEB|AgIC|AwMD/);
  await addUser(server, "bob", 2);
  server.touchUsers();
  await server.pass(2);
  assertEquals(usersInWindows(server)[0], ["default", "alice", "bob"]);
});

Deno.test("a folder that cannot be read is not taken for empty", async () => {
  await using server = await startWith("alice");
  const folder = join(server.folder, "users");
  await Deno.rename(folder, `${folder}.away`);
  await Deno.writeTextFile(folder, "");
  server.touchUsers();
  await server.pass(20);
  assertEquals(usersInWindows(server)[0], ["default", "alice"]);
  assertEquals(server.logged("task_failed").length, 1);
  await Deno.remove(folder);
  server.touchUsers();
  await server.pass(2);
  assertEquals(usersInWindows(server)[0], ["default"]);
  assertEquals(server.logged("recovered").length, 1);
});

Deno.test("a user's ports are not opened in any minute that ends after their time", async () => {
  await using server = await startWith("alice");
  const end = minuteAt(START) + 3; // and half of that minute
  const expires = new Date(end * 60_000 + 30_000).toISOString().slice(0, 19) + "Z";
  await addUser(server, "bob", 2, `expires = ${expires}\n`);
  server.touchUsers();
  await server.pass(2);
  const open = windowsOf(server).filter(({ doors }) => doors.some(({ user }) => user === "bob"));
  assertEquals(open.map(({ minute }) => minute).at(-1), end - 1);
  assertEquals(server.logged("user_expired"), []);
  await server.pass(200);
  assertEquals(server.logged("user_expired").map(({ fields }) => fields["user"]), ["bob"]);
});

Deno.test("a user whose time is over in twenty seconds is shut out at once if their minute ends after it, else at its end", async () => {
  await using server = await startWith("alice"); // half a minute into a minute
  const soon = (seconds: number): string =>
    `expires = ${new Date(server.clock.now() + seconds * 1000).toISOString().slice(0, 19)}Z\n`;
  const meets = async (offset = 0): Promise<string> =>
    server.kernel.connect(CLIENT, await portOf(server, keyLine(2), offset));
  const expired = (): unknown[] =>
    server.logged("user_expired").map(({ fields }) => fields["user"]);
  await addUser(server, "bob", 2);
  server.touchUsers();
  await server.pass(2);
  assertEquals(await meets(), "service ssh");

  await addUser(server, "bob", 2, soon(20));
  server.touchUsers();
  await server.pass(5);
  assertEquals(
    windowsOf(server).filter(({ offset, doors }) =>
      offset >= 0 && doors.some(({ user }) => user === "bob")
    ),
    [],
  );
  assertNotEquals(await meets(), "service ssh");
  assertEquals(expired(), ["bob"]);

  // Twenty seconds into the next minute: that of now is bob's to its end and its grace, and no other.
  await addUser(server, "bob", 2, soon(46));
  server.touchUsers();
  await server.pass(2);
  assertEquals(await meets(), "service ssh");
  await server.pass(20);
  assertEquals(expired(), ["bob"]);
  await server.pass(5);
  assertNotEquals(await meets(), "service ssh");
  assertEquals(await meets(-1), "service ssh");
  assertEquals(expired(), ["bob", "bob"]);
  await server.pass(15);
  assertNotEquals(await meets(-1), "service ssh");
  assertEquals(usersInWindows(server).at(-1), ["default", "alice"]);
});

Deno.test("a reload reads the users again, and says again what is wrong", async () => {
  await using server = await startWith("alice");
  await addUser(server, "bob", 2);
  await putUser(server, "carol", "key = 7\n");
  await server.reload();
  assertEquals(usersInWindows(server)[0], ["default", "alice", "bob"]);
  assertEquals(server.logged("user_unusable").length, 1);
  await server.reload();
  assertEquals(server.logged("user_unusable").length, 2);
});

Deno.test("a key that was revoked with state trap bans whoever uses it", async () => {
  await using server = await startWith("alice");
  await addUser(server, "bob", 2, 'state = "trap"\n');
  server.touchUsers();
  await server.pass(2);
  assertEquals(server.kernel.connect("192.0.2.66", await portOf(server, keyLine(2))), "tarpit");
  assertEquals(server.kernel.sets.get(4)!.bans.has("192.0.2.66"), true);
});

Deno.test("from another network than their own a user's port is a trap, unless another user has it", async () => {
  await using server = await startWith("alice");
  await addUser(server, "bob", 2, 'from = ["192.0.2.0/24", "2001:db8:1::/48"]\n');
  server.touchUsers();
  await server.pass(2);
  const port = await portOf(server, keyLine(2));
  for (const address of [CLIENT, "2001:db8:1::7"]) {
    assertEquals(server.kernel.connect(address, port), "service ssh");
  }
  for (const [address, family] of [["198.51.100.7", 4], ["2001:db8:2::7", 6]] as const) {
    assertEquals(server.kernel.connect(address, port, { complete: false }), "tarpit");
    assertEquals(server.kernel.sets.get(family)!.bans.size, 1);
  }
  await addUser(server, "alice", 2, "");
  await removeUser(server, "bob");
  server.touchUsers();
  await server.pass(2);
  assertEquals(server.kernel.connect("198.51.100.8", port), "service ssh");
});

Deno.test("a key that is a canary leads to the tarpit, bans nobody, and tells who has it", async () => {
  await using server = await startWith("alice", "bob");
  await server.pass(20);
  server.calls.length = 0;
  const bob = await portOf(server, keyLine(2));
  assertEquals(server.kernel.connect(CLIENT, bob), "service ssh");
  await putUser(server, "bob", `key = "${keyLine(2)}"\nstate = "canary"\n`);
  server.touchUsers();
  await server.pass(2);
  assertEquals(server.kernel.connect("192.0.2.66", bob), "service canary");
  assertEquals(server.kernel.connect("192.0.2.67", bob, { complete: false }), "service canary");
  await server.pass(4);
  const [told, ...more] = server.logged("canary");
  assertEquals([told!.level, told!.fields], ["error", {
    user: "bob",
    address: "192.0.2.66",
    port: bob,
  }]);
  assertEquals(more, []);
  for (const address of ["192.0.2.66", "192.0.2.67"]) {
    assertEquals(server.kernel.sets.get(4)!.bans.has(address), false);
  }
  assertEquals(server.kernel.connect(CLIENT, await portOf(server, keyLine(1))), "service ssh");
  assertEquals(
    server.calls.filter(({ method }) => method === "load").length,
    1,
    "with a new service",
  );
  await addUser(server, "carol", 3);
  server.touchUsers();
  await server.pass(2);
  assertEquals(
    server.calls.filter(({ method }) => method === "load").length,
    1,
    "and no other time",
  );
});

Deno.test("without a canary nothing but the tarpit listens, and ssh is the only service", async () => {
  await using server = await startWith("alice");
  const { services } = server.kernel.rules.get(4)!.policy;
  assertEquals(services.map(({ name }) => name), ["ssh"]);
});

import { assertEquals } from "@std/assert";
import { statusOf } from "../../../src/server/status.ts";
import { statusJson } from "../../../src/server/status_json.ts";
import { Server } from "./server.ts";
import { addUser, keyLine, portOf, removeUser } from "./users.ts";

const CLIENT = "192.0.2.7";
const OTHER = "2001:db8::7";

async function start(): Promise<Server> {
  return await Server.start({
    before: async (server) => {
      await addUser(server, "alice", 1);
      await addUser(server, "bob", 2);
    },
  });
}

/** The fields of what was logged under a name. */
function told(server: Server, event: string): Readonly<Record<string, unknown>>[] {
  return server.logged(event).map(({ fields }) => fields);
}

Deno.test("who connects through a user's port is told with the user, service, address and port", async () => {
  await using server = await start();
  const [alice, bob] = [await portOf(server, keyLine(1)), await portOf(server, keyLine(2))];
  server.kernel.connect(CLIENT, alice);
  server.kernel.connect(OTHER, bob);
  await server.pass(12);
  assertEquals(told(server, "arrival"), [
    { user: "alice", service: "ssh", address: CLIENT, port: alice },
    { user: "bob", service: "ssh", address: OTHER, port: bob },
  ]);
});

Deno.test("a forged packet to a user's port is told of nowhere", async () => {
  await using server = await start();
  server.kernel.connect(CLIENT, await portOf(server, keyLine(1)), { complete: false });
  server.logins.push({ address: CLIENT, account: "ann" });
  await server.pass(20);
  assertEquals([told(server, "arrival"), told(server, "login")], [[], []]);
  assertEquals((await server.report())!.users.map(({ lastArrival }) => lastArrival), [
    null,
    null,
    null,
  ]);
});

Deno.test("an address is told once in a minute for each user, and each connection is counted", async () => {
  await using server = await start();
  for (let i = 0; i < 3; i++) {
    server.kernel.connect(CLIENT, await portOf(server, keyLine(1)));
    await server.pass(4);
  }
  assertEquals(told(server, "arrival").length, 1);
  await server.pass(60);
  server.kernel.connect(CLIENT, await portOf(server, keyLine(1)));
  await server.pass(12);
  assertEquals(told(server, "arrival").length, 2);
  assertEquals((await server.report())!.arrivals, 4);
});

Deno.test("a login names the user through whose port it came", async () => {
  await using server = await start();
  server.kernel.connect(CLIENT, await portOf(server, keyLine(2)));
  server.logins.push({ address: CLIENT, account: "root" });
  await server.pass(12);
  assertEquals(told(server, "login"), [{ user: "bob", address: CLIENT, account: "root" }]);
});

Deno.test("a login that is read before its connection is known counts when that is", async () => {
  await using server = await start();
  server.kernel.connect(OTHER, await portOf(server, keyLine(1)));
  server.logLines.push({ address: CLIENT, account: "root" });
  await server.pass(6);
  assertEquals(told(server, "login"), []);
  server.kernel.connect(CLIENT, await portOf(server, keyLine(2)));
  await server.pass(12);
  assertEquals(told(server, "login"), [{ user: "bob", address: CLIENT, account: "root" }]);
  // Once only, and not for whoever comes from there later.
  server.logLines.push({ address: "198.51.100.9", account: "root" });
  server.kernel.connect(CLIENT, await portOf(server, keyLine(2)));
  await server.pass(45);
  server.kernel.connect("198.51.100.9", await portOf(server, keyLine(1)));
  await server.pass(12);
  assertEquals(told(server, "login").length, 1);
});

Deno.test("who came right before a user was removed is told with the user all the same", async () => {
  await using server = await start();
  server.kernel.connect(CLIENT, await portOf(server, keyLine(1)));
  await removeUser(server, "alice");
  server.touchUsers();
  await server.pass(4);
  assertEquals(told(server, "user_removed").length, 1);
  assertEquals(told(server, "arrival").map(({ user }) => user), ["alice"]);
});

Deno.test("more arrivals than are logged are counted", async () => {
  await using server = await start();
  const port = await portOf(server, keyLine(1));
  for (let i = 1; i <= 25; i++) server.kernel.connect(`198.51.100.${i}`, port);
  await server.pass(20);
  assertEquals(told(server, "arrival").length, 20);
  assertEquals(told(server, "arrivals_suppressed"), [{ suppressed: 5 }]);
});

Deno.test("the last arrival of each user outlives a restart, and status tells it", async () => {
  const first = await start();
  first.kernel.connect(CLIENT, await portOf(first, keyLine(1)));
  await first.pass(12);
  const at = first.clock.now();
  await first.stop();
  await using server = await Server.start({ after: first });
  await server.pass(12);
  const report = await server.report();
  const [own, alice] = report!.users;
  assertEquals([own!.user, own!.lastArrival], ["default", null]);
  assertEquals([alice!.user, alice!.lastArrival!.address], ["alice", CLIENT]);
  assertEquals(Math.abs(alice!.lastArrival!.at - at) < 15_000, true);
  const seen = { isLoaded: true, banned: null, bans: null, pid: null, sshdListens: true };
  const json = JSON.parse(statusJson(statusOf(seen, report, server.clock.now())));
  assertEquals(json.users.map(({ user }: { user: string }) => user), ["default", "alice", "bob"]);
  assertEquals(json.users[1].lastArrival.service, "ssh");
  assertEquals([json.odds.real, json.odds.oneIn], [3, 16]);
});

Deno.test("a file of arrivals that is damaged is begun anew, and that is told", async () => {
  const first = await start();
  await first.stop();
  await Deno.writeTextFile(`${first.folder}/arrivals.json`, "{");
  await using server = await Server.start({ after: first });
  assertEquals(told(server, "arrivals_damaged"), [
    { reason: "not a list of arrivals: it is not JSON" },
  ]);
  server.kernel.connect(CLIENT, await portOf(server, keyLine(1)));
  await server.pass(12);
  assertEquals((await server.report())!.users[1]!.lastArrival!.address, CLIENT);
});

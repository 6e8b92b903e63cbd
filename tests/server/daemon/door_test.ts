import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Failure } from "../../../src/os/errors.ts";
import { doorPlace } from "../../../src/schedule/door_address.ts";
import { parseKey } from "../../../src/schedule/key_text.ts";
import { minuteAt } from "../../../src/schedule/minute.ts";
import { Schedule } from "../../../src/schedule/schedule.ts";
import { statusOf } from "../../../src/server/status.ts";
import { statusJson } from "../../../src/server/status_json.ts";
import { Server } from "./server.ts";
import { addUser, keyLine, putUser } from "./users.ts";

const DOOR = "2001:db8:0:aa::/64";
const CLIENT = "2001:db8:c::7";
const SCANNER = "2001:db8:5::1";
const config = { door: DOOR };

/** Where the door of a key is in the minute of a server, or beside it. */
async function placeOf(server: Server, line: string, offset = 0) {
  const minute = minuteAt(server.clock.now()) + offset;
  return (await doorPlace(await Schedule.of(parseKey(line)), DOOR, minute))!;
}

Deno.test("with a door each key has an address as well, which moves each minute with its port", async () => {
  await using server = await Server.start({
    config,
    key: keyLine(7),
    before: async (server) => void await addUser(server, "alice", 1),
  });
  const at = async (line: string, offset: number) => {
    const { address: to, port } = await placeOf(server, line, offset);
    return server.kernel.connect(CLIENT, port, { to });
  };
  for (const line of [keyLine(1), keyLine(7)]) {
    const { port } = await placeOf(server, line);
    assertEquals(server.kernel.connect(CLIENT, port), "service ssh", "the ordinary port stays");
    assertEquals(await Promise.all([-1, 0, 1].map((offset) => at(line, offset))), [
      "silence",
      "service ssh",
      "silence",
    ]);
    await server.pass(25); // within the grace
    assertEquals(await Promise.all([0, 1].map((offset) => at(line, offset))), [
      "service ssh",
      "service ssh",
    ]);
    await server.pass(35);
    assertEquals(await Promise.all([-1, 0].map((offset) => at(line, offset))), [
      "silence",
      "service ssh",
    ]);
  }
  await server.pass(2);
  const came = new Set(server.logged("arrival").map(({ fields }) => fields["user"]));
  assertEquals([...came].sort(), ["alice", "default"]);
});

Deno.test("nothing that is sent to the network of a door bans, and its traps are elsewhere", async () => {
  await using server = await Server.start({ config, key: keyLine(7) });
  const { address, port } = await placeOf(server, keyLine(7));
  const schedule = await Schedule.of(parseKey(keyLine(7)));
  const { traps } = await schedule.ports(minuteAt(server.clock.now()), 15);
  for (const wrong of [22, port + 1, ...traps]) {
    assertEquals(server.kernel.connect(SCANNER, wrong, { to: address }), "silence");
  }
  assertEquals(server.kernel.connect(SCANNER, port, { to: "2001:db8:0:aa::1" }), "silence");
  await server.pass(3);
  assertEquals([server.logged("ban").length, server.kernel.hits.size], [0, 0]);
  assertEquals(server.kernel.connect(SCANNER, traps[0]!), "tarpit");
  assertEquals(server.kernel.connect(SCANNER, port, { to: address }), "silence", "banned now");
});

Deno.test("a port that a service of this machine has shuts the ordinary way alone", async () => {
  await using server = await Server.start({
    config,
    key: keyLine(7),
    before: async (server) => {
      const schedule = await Schedule.of(parseKey(keyLine(7)));
      const { ssh } = await schedule.ports(minuteAt(server.clock.now()), 0);
      server.listeners.system.add(ssh);
      server.kernel.listen(ssh);
    },
  });
  const { address: to, port } = await placeOf(server, keyLine(7));
  assertEquals(server.kernel.connect(CLIENT, port), "listener");
  assertEquals(server.kernel.connect(CLIENT, port, { to }), "service ssh");
});

Deno.test("canaries, revoked keys and services over UDP have no address; a user's networks hold there too", async () => {
  const wg = { name: "wg", port: 51_820, hidden: true, proto: "udp" } as const;
  const web = { name: "web", port: 8443, hidden: true };
  await using server = await Server.start({
    config: { door: DOOR, services: [web, wg] },
    key: keyLine(7),
    before: async (server) => {
      for (const [at, state] of ["canary", "trap"].entries()) {
        await putUser(server, state, `key = "${keyLine(at + 1)}"\nstate = "${state}"\n`);
      }
      const office = `services = ["ssh"]\nfrom = ["2001:db8:c::/48"]\n`;
      await putUser(server, "office", `key = "${keyLine(3)}"\n${office}`);
    },
  });
  const [window] = server.kernel.rules.get(6)!.windows;
  assertEquals(window!.addressDoors!.map(({ user, service }) => `${user} ${service}`).sort(), [
    "default ssh",
    "default web",
    "office ssh",
  ]);
  const { address: to, port } = await placeOf(server, keyLine(3));
  assertEquals(server.kernel.connect(CLIENT, port, { to }), "service ssh");
  assertEquals(server.kernel.connect(SCANNER, port, { to }), "silence");
});

Deno.test("a door comes and goes with a reload, and is gone when serve has stopped", async () => {
  const server = await Server.start({ key: keyLine(7) });
  const answer = async () => {
    const { address: to, port } = await placeOf(server, keyLine(7));
    return server.kernel.connect(CLIENT, port, { to });
  };
  assertEquals([await answer(), [...server.kernel.routed]], ["silence", []]);
  await server.reload(config);
  assertEquals([await answer(), [...server.kernel.routed]], ["service ssh", [DOOR]]);
  server.kernel.routed.clear();
  server.kernel.changed("ip");
  await server.pass(3);
  assertEquals([await answer(), server.logged("firewall_drift")[0]!.fields["gone"]], [
    "service ssh",
    "route of the door",
  ]);
  await server.reload({});
  assertEquals([await answer(), [...server.kernel.routed]], ["silence", []]);
  await server.reload(config);
  await server.stop();
  assertEquals([...server.kernel.routed], []);
  await server[Symbol.asyncDispose]();
});

Deno.test("a network in which the router is cannot be a door, and nothing is changed", async () => {
  const before = (server: Server): void => {
    server.ipv6 = { addresses: [], gateways: ["2001:db8:0:aa::1"], local: [] };
  };
  const error = await assertRejects(() => Server.start({ config, before }), Failure);
  assertEquals(
    error.message,
    'the router 2001:db8:0:aa::1 is in the door\'s network "2001:db8:0:aa::/64"',
  );
  assertMatch(error.hint!, /routed to this server/);
  await using server = await Server.start({ before });
  await server.reload(config);
  assertEquals([server.logged("reload_failed").length, server.kernel.routed.size], [1, 0]);
});

Deno.test("what a door cuts off is said at the start: addresses of this machine, and classic keys", async () => {
  await using server = await Server.start({
    config,
    before: (server) => {
      server.ipv6 = {
        addresses: [
          { text: "2001:db8:0:aa::5", device: "eth0" },
          { text: "2001:db8:0:ab::5", device: "eth0" },
        ],
        gateways: ["fe80::1"],
        local: [],
      };
    },
  });
  assertEquals(server.logged("door_address").map(({ fields }) => fields["address"]), [
    "2001:db8:0:aa::5",
  ]);
  assertEquals(server.logged("door_unused").map(({ fields }) => fields["users"]), ["default"]);
  assertEquals(server.kernel.rules.get(6)!.windows[0]!.addressDoors, []);
});

Deno.test("status tells the network of the door, and whether it is this machine's own", async () => {
  await using server = await Server.start({ config, key: keyLine(7) });
  const report = await server.report();
  const seen = { isLoaded: true, banned: null, bans: null, pid: null, sshdListens: true };
  for (const isDoorLocal of [true, false]) {
    const status = statusOf({ ...seen, isDoorLocal }, report, server.clock.now());
    const { door, health, ok } = JSON.parse(statusJson(status));
    assertEquals([door, ok], [DOOR, isDoorLocal]);
    const finding = health.find(({ what }: { what: string }) => what === "door");
    assertEquals(finding.grade, isDoorLocal ? "ok" : "fail");
  }
});

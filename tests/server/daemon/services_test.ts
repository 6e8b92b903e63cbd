import { assert, assertEquals } from "@std/assert";
import { MINUTE_MS, minuteAt } from "../../../src/schedule/minute.ts";
import { deriveKey } from "../../../src/schedule/derivation.ts";
import { formatKey, parseKey } from "../../../src/schedule/key_text.ts";
import { Schedule } from "../../../src/schedule/schedule.ts";
import type { ServerConfig } from "../../../src/server/options.ts";
import { statusOf } from "../../../src/server/status.ts";
import { Server, START } from "./server.ts";
import { addUser, keyLine, portOf, putUser, windowsOf } from "./users.ts";

const CLIENT = "192.0.2.7";
const CONFIG: Partial<ServerConfig> = {
  services: [
    { name: "postgres", port: 5432, hidden: true },
    { name: "web", port: 8443, hidden: false },
  ],
};

/** The key line of a service of a host key. */
async function serviceLine(line: string, service: string): Promise<string> {
  return formatKey(await deriveKey(parseKey(line), { service }));
}

async function start(before: (server: Server) => Promise<void>, key = keyLine(9)): Promise<Server> {
  return await Server.start({ config: CONFIG, key, before });
}

Deno.test("each service of a user has a port of its own, and leads to that service", async () => {
  await using server = await start(async (server) => {
    await addUser(server, "alice", 1, 'services = ["ssh", "postgres"]\n');
    await addUser(server, "bob", 2);
  });
  const answer = async (line: string) => server.kernel.connect(CLIENT, await portOf(server, line));
  assertEquals(await answer(keyLine(1)), "service ssh");
  assertEquals(await answer(await serviceLine(keyLine(1), "postgres")), "service postgres");
  assertEquals(await answer(await serviceLine(keyLine(9), "postgres")), "service postgres");
  assertEquals(await answer(await serviceLine(keyLine(9), "web")), "service web");
  const { doors, traps } = windowsOf(server).find(({ offset }) => offset === 0)!;
  assertEquals(doors.map(({ service, user }) => `${user} ${service}`), [
    ...["default ssh", "alice ssh", "bob ssh"],
    ...["default postgres", "alice postgres", "default web"],
  ]);
  assert(traps.length > 15 * 6 - 3, `${traps.length} traps for six ports`);
});

Deno.test("a hidden service is dropped at its own port, and stays so when serve has died", async () => {
  await using server = await start(() => Promise.resolve());
  assertEquals(server.kernel.connect(CLIENT, 5432), "silence");
  assertEquals(server.kernel.connect(CLIENT, 8443), "service web");
  server.clock.suspend(30 * MINUTE_MS);
  assertEquals(server.kernel.connect(CLIENT, 5432), "silence");
  assertEquals(server.kernel.connect(CLIENT, 22), "service ssh");
});

Deno.test("a classic secret has a port of ssh and none of other services", async () => {
  await using server = await start(() => Promise.resolve(), "classic:hello");
  const { doors } = windowsOf(server)[0]!;
  assertEquals(doors.map(({ service }) => service), ["ssh"]);
});

Deno.test("a service that this server does not have has no port, and the user's others have", async () => {
  await using server = await start(async (server) => {
    await addUser(server, "alice", 1, 'services = ["ssh", "mysql"]\n');
  });
  const { doors } = windowsOf(server)[0]!;
  assertEquals(doors.filter(({ user }) => user === "alice").map(({ service }) => service), ["ssh"]);
});

Deno.test("a service over UDP has a port of its own for datagrams, without traps, and bans nobody", async () => {
  const services = [{ name: "wg", port: 51_820, hidden: true, proto: "udp" }] as const;
  await using server = await Server.start({ config: { services }, key: keyLine(9) });
  const port = await portOf(server, await serviceLine(keyLine(9), "wg"));
  const { doors, traps } = windowsOf(server).find(({ offset }) => offset === 0)!;
  assertEquals(doors.map(({ service, proto }) => [service, proto ?? "tcp"]), [
    ["ssh", "tcp"],
    ["wg", "udp"],
  ]);
  assert(traps.length <= 15, `${traps.length} traps for one port that a scan can meet`);
  const send = (port: number): string => server.kernel.send(CLIENT, port, { sourcePort: 4711 });
  assertEquals([send(port), send(51_820), send(traps[0]!)], ["service wg", "nothing", "nothing"]);
  assertEquals(server.kernel.connect(CLIENT, port), "refused");
  await server.pass(20);
  assertEquals([server.logged("ban"), server.logged("arrival")], [[], []]);
  const report = await server.report();
  const seen = { isLoaded: true, banned: null, bans: null, pid: null, sshdListens: true };
  const { odds } = statusOf(seen, report, server.clock.now());
  assertEquals([odds?.real, odds?.oneIn], [1, Math.floor(1 + traps.length)]);
});

Deno.test("with claim a user's port is that of the first address until it closes", async () => {
  await using server = await Server.start({ config: { claim: true }, key: keyLine(9) });
  const port = await portOf(server, keyLine(9));
  const meets = (source: string): string => server.kernel.connect(source, port);
  assertEquals([CLIENT, "192.0.2.8", CLIENT].map(meets), ["service ssh", "refused", "service ssh"]);
  await server.pass(60);
  const next = await portOf(server, keyLine(9));
  assertEquals(server.kernel.connect("192.0.2.8", next), "service ssh");
});

const NARROW = "?ports=20000-21023";

/** Looks for a number whose key, in so small a range, has a port in a minute. */
async function numberWith(port: number, minute: number, service: string): Promise<number> {
  for (let number = 10;; number++) {
    const line = keyLine(number, NARROW);
    const key = parseKey(service === "ssh" ? line : await serviceLine(line, service));
    if ((await (await Schedule.of(key)).ports(minute, 0)).ssh === port) return number;
  }
}

Deno.test("a port of two users of ssh lets both in, and goes before another service, which is told", async () => {
  const minute = minuteAt(START) + 2;
  const { ssh: port } = await (await Schedule.of(parseKey(keyLine(1, NARROW)))).ports(minute, 0);
  const [bob, carol] = [
    await numberWith(port, minute, "ssh"),
    await numberWith(port, minute, "postgres"),
  ];
  await using server = await start(async (server) => {
    const file = (number: number): string => `key = "${keyLine(number, NARROW)}"\n`;
    await putUser(server, "alice", file(1));
    await putUser(server, "bob", file(bob));
    await putUser(server, "carol", `${file(carol)}services = ["postgres"]\n`);
  });
  const { doors } = windowsOf(server).find((each) => each.minute === minute)!;
  const there = doors.filter((each) => each.port === port);
  assertEquals(there.map(({ user, service }) => `${user} ${service}`), ["alice ssh", "bob ssh"]);
  const told = server.logged("port_taken").find(({ fields }) => fields["port"] === port)!;
  const { user, service, by, next } = told.fields;
  assertEquals([user, service, by, next], ["carol", "postgres", "ssh", undefined]);
});

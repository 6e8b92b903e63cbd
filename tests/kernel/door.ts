import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { type DoorPlace, doorPlace } from "../../src/schedule/door_address.ts";
import { type Filter, probeAll, snapshot, untilMinute, withinMinute } from "./lab.ts";
import { minuteAt } from "../../src/schedule/minute.ts";
import { Pair } from "./lab/pair.ts";

const DOOR = "fd7a:0:0:aa::/64";
/** Milliseconds in which a SYN is answered, if at all. */
const SILENCE_MS = 1500;

/** A server with a door, and a user who knows of it. */
async function withDoor(engine: Filter): Promise<Pair> {
  const pair = await Pair.create({ engine, args: ["--door", DOOR, "--grace", "0s"] });
  const { user, server } = pair;
  await user.must("ip", ["-6", "route", "add", DOOR, "via", server.address6]);
  const hosts = join(user.home, ".config/c3po/hosts.toml");
  await Deno.writeTextFile(hosts, `server = { door = "${DOOR}" }\n`);
  return pair;
}

/** How a connection to each place ends. */
async function reach(pair: Pair, places: readonly DoorPlace[]): Promise<string[]> {
  return await probeAll(pair.user, places.map((place) => ({ ...place, timeoutMs: SILENCE_MS })));
}

function beside({ address, port }: DoorPlace): DoorPlace[] {
  const at = address.lastIndexOf(":") + 1;
  const last = parseInt(address.slice(at), 16);
  const next = (by: number): string =>
    `${address.slice(0, at)}${(last + by & 0xffff).toString(16)}`;
  return [
    ...[-1, 1].map((by) => ({ address: next(by), port })),
    ...[port - 1, port < 65_535 ? port + 1 : port - 2].map((other) => ({ address, port: other })),
    { address, port: 22 },
    { address: "fd7a:0:0:aa::1", port: 22 },
  ];
}

/**
 * The way in is one address with one port in each minute, for every client of C3PO; nothing beside them
 * answers. Spans one change of minute.
 */
export async function onePlaceAMinute(engine: Filter): Promise<void> {
  await using pair = await withDoor(engine);
  const { user, server, serve } = pair;
  const place = async (minute: number): Promise<DoorPlace> =>
    (await doorPlace(pair.schedule, DOOR, minute))!;
  const config = await pair.config(["HostName server.invalid"]);
  const env = {
    RUNTIME_DIRECTORY: server.runtimeDirectory,
    STATE_DIRECTORY: server.stateDirectory,
  };

  const first = await withinMinute(20_000, async () => {
    const now = await place(minuteAt(Date.now()));
    const login = await user.c3po(["ssh", ...config, "server", "echo $SSH_CONNECTION"]);
    return { now, login, answers: await reach(pair, [now, ...beside(now)]) };
  });
  const { now, login } = first;
  assertEquals(first.answers, ["open", ...beside(now).map(() => "timeout")]);
  assertEquals(login.code, 0, login.stderr);
  assertEquals(login.stdout.split(" ").slice(2), [now.address, "22\n"]);
  const proxy = ["-o", pair.proxyCommand().replace("%h", "server")];
  assertEquals(await user.must("ssh", [...proxy, ...config, "server", "true"]), "");
  await serve.event("arrival", "user=default service=ssh");
  const seen = JSON.parse((await user.c3po(["check", "server", "--json"])).stdout);
  const way = seen.findings.find(({ what }: { what: string }) => what === "way");
  assertMatch(way.found, /^fd7a::aa:[0-9a-f:]+ port \d+ .*answers: SSH-2\.0-/);

  await untilMinute(200);
  const rule = ["INPUT", "!", "-d", DOOR, "-p", "tcp", "--dport", "22", "-j", "DROP"];
  const second = await withinMinute(25_000, async () => {
    const next = await place(minuteAt(Date.now()));
    const elsewhere = { address: server.address6, port: next.port };
    const answers = await reach(pair, [elsewhere, now, next, ...beside(next)]);
    await server.must("ip6tables", ["-A", ...rule]);
    const denied = await reach(pair, [elsewhere, next]);
    await server.must("ip6tables", ["-D", ...rule]);
    return { next, answers, denied };
  });
  assertEquals(second.next.address === now.address, false);
  const besideNext = beside(second.next).map(() => "timeout");
  assertEquals(second.answers, ["open", "timeout", "open", ...besideNext]);
  // At other addresses the ports are as ever, unless a rule shuts sshd's own port there.
  assertEquals(second.denied, ["timeout", "open"]);
  assertEquals(serve.events("ban"), []);

  const status = await server.c3po(["status", "--json"], { env });
  assertEquals(status.stderr, "");
  const { door, health } = JSON.parse(status.stdout);
  assertEquals(door, DOOR);
  const [finding] = health.filter(({ what }: { what: string }) => what === "door");
  assertEquals([finding.grade, finding.found], ["ok", `${DOOR} is local here`]);
  const asked = ["check", "--json", "--door", DOOR];
  const checked = await server.c3po(asked, { env: { ...env, C3PO_KEY: serve.keyFile } });
  const told = JSON.parse(checked.stdout).findings.filter(({ what }: { what: string }) =>
    what === "door"
  );
  const found = `${DOOR} is local here; whether routers send it here shows only from outside: ` +
    "c3po check HOST";
  assertEquals(told, [{ grade: "ok", what: "door", found }]);

  assertEquals((await serve.stop()).code, 0);
  assertEquals((await snapshot(server)).toLowerCase().includes("c3po"), false);
  const routes = await server.must("ip", ["-6", "route", "show", "table", "local"]);
  assertEquals(routes.includes(DOOR), false);
  assertEquals(serve.child.text().includes("c3po-1-"), false, "no key is in the log");
}

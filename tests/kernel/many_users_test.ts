import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { join } from "@std/path";
import { deriveKey } from "../../src/schedule/derivation.ts";
import { formatKey, formatRandomKey, parseKey } from "../../src/schedule/key_text.ts";
import { minuteAt } from "../../src/schedule/minute.ts";
import {
  engineTest,
  Lab,
  login,
  probe,
  roomInMinute,
  Session,
  startServe,
  startSshd,
  syn,
  untilMinute,
} from "./lab.ts";
import { portOf, SERVICE_PORT, Users, withService } from "./lab/users.ts";

/** Small enough for ports to be found that two keys share. */
const NARROW = "?ports=20000-21023";

/** The line of a random key that begins with a number. */
function keyLine(number: number): string {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, number);
  return formatRandomKey(bytes) + NARROW;
}

/** The line of the key of a service of a user. */
async function serviceLine(line: string): Promise<string> {
  return formatKey(await deriveKey(parseKey(line), { service: "greeter" }));
}

/** A key, one of the service or of ssh, that has a port so many minutes from now. */
async function keyWith(port: number, minutes: number, isOfService: boolean): Promise<string> {
  for (let number = 1;; number++) {
    const line = keyLine(number);
    if (await portOf(isOfService ? await serviceLine(line) : line, minutes) === port) return line;
  }
}

async function put(users: Users, name: string, text: string, mode = 0o600): Promise<void> {
  const file = join(users.folder, `${name}.toml`);
  await Deno.writeTextFile(`${file}.new`, text, { mode });
  await Deno.chmod(`${file}.new`, mode);
  await Deno.rename(`${file}.new`, file);
}

engineTest(
  "of users whose ports meet both get in by ssh, which goes before every other service",
  async (engine) => {
    await using lab = await Lab.create();
    const { server, user } = lab;
    const sshd = await startSshd(server);
    const users = new Users(server);
    const alice = await users.add("alice");
    // Files that cannot be used disable their own users alone.
    await put(users, "dave", 'key = "c3po-1-', 0o600);
    await put(users, "erin", `key = "${keyLine(77)}"\n`, 0o644);
    await put(users, "frank", `key = "${alice}"\nservice = ["ssh"]\n`);
    const args = ["--users", users.folder, "--login-log", sshd.log, "--grace", "0"];
    const serve = await startServe(server, { engine, args, prepare: await withService(server) });
    for (const name of ["dave", "erin", "frank"]) {
      await serve.event("user_unusable", `${name}.toml`);
    }
    // All is prepared before the minute in which the ports meet.
    await roomInMinute(30_000);
    const grace = keyLine(1_000_000);
    const port = await portOf(grace, 1);
    const [bob, carol] = [await keyWith(port, 1, true), await keyWith(port, 1, false)];
    await put(users, "grace", `key = "${grace}"\n`);
    await put(users, "bob", `key = "${bob}"\nservices = ["ssh", "greeter"]\n`);
    await put(users, "carol", `key = "${carol}"\n`);
    for (const name of ["grace", "bob", "carol"]) await serve.event("user_added", `user=${name}`);
    await serve.event("port_taken", new RegExp(`service=greeter user=bob port=${port} .*by=ssh`));
    await untilMinute(0);
    assert(await login(user, sshd, server.address4, port));
    await serve.event("arrival", /user=(carol,grace|grace,carol) service=ssh/);
    assertEquals(await syn(user, server.address6, SERVICE_PORT), "filtered");

    // Who expires within the minute is shut out, and what is open stays.
    const session = await Session.open(user, sshd, server.address4, await portOf(alice));
    const soon = new Date(Date.now() + 2000).toISOString();
    await put(users, "alice", `key = "${alice}"\nexpires = ${soon}\n`);
    await serve.event("user_changed", "user=alice");
    await serve.event("user_expired", "user=alice");
    assertNotEquals(await syn(lab.attacker, server.address6, await portOf(alice)), "open");
    await session.answers();
    await session.close();

    const status = await server.c3po(["status", "--json"]);
    const processes = await server.must("ps", ["axww"]);
    for (const text of [serve.child.text(), status.stdout, status.stderr, processes]) {
      assertEquals(/c3po-1-[\w-]{43}/.test(text), false, "a key is shown");
    }
    assertEquals((await serve.stop()).code, 0);
  },
);

engineTest(
  "three hundred users have their ports, and the next ones when the minute changes",
  async (engine) => {
    await using lab = await Lab.create();
    const { server, user } = lab;
    await startSshd(server);
    const users = new Users(server);
    await Deno.mkdir(users.folder, { mode: 0o700 });
    const lines = Array.from(
      { length: 300 },
      () => formatRandomKey(crypto.getRandomValues(new Uint8Array(32))),
    );
    for (const [i, line] of lines.entries()) {
      await put(users, `user${i}`, `key = "${line}"\n`);
    }
    const args = ["--users", users.folder, "--grace", "0"];
    const serve = await startServe(server, { engine, args });
    const some = [lines[0]!, lines[150]!, lines[299]!, serve.key];
    const meets = async (): Promise<string[]> => {
      const answers: string[] = [];
      for (const line of some) answers.push(await probe(user, server.address4, await portOf(line)));
      return answers;
    };
    await roomInMinute(10_000);
    assertEquals(await meets(), some.map(() => "open"));
    const minute = await untilMinute(0);
    assertEquals(await meets(), some.map(() => "open"));
    assertEquals(minuteAt(Date.now()), minute);
    const { stdout, stderr } = await server.c3po(["status", "--json"]);
    assertEquals(stderr, "");
    const status = JSON.parse(stdout);
    const { real, traps, oneIn } = status.odds;
    // Ports that meet count once, and traps on a user's port or one of the minutes beside it are none.
    assert(real > 290 && real <= 301 && traps > 4300 && traps <= 4515, `${real} ${traps}`);
    assert(oneIn >= 15 && oneIn <= 16, `${oneIn}`);
    assertEquals((await serve.stop()).code, 0);
  },
);

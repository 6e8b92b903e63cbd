import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { join } from "@std/path";
import { deriveKey } from "../../src/schedule/derivation.ts";
import { formatKey, parseKey } from "../../src/schedule/key_text.ts";
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
  waitFor,
} from "./lab.ts";
import { filesIn, leaks, processesOf, tellingTools } from "./lab/secrets.ts";
import { portOf, SERVICE_PORT, Users, withService } from "./lab/users.ts";

engineTest(
  "users come and go while serve runs, and what one loses no other does",
  async (engine) => {
    await using lab = await Lab.create();
    const { server, user } = lab;
    const sshd = await startSshd(server);
    const users = new Users(server);
    const alice = await users.add("alice");
    const args = ["--users", users.folder, "--login-log", sshd.log];
    const prepare = await withService(server);
    const tools = await tellingTools(server);
    const serve = await startServe(server, { engine, args, prepare, tools: tools.folder });
    const canLogIn = async (line: string): Promise<boolean> =>
      await login(user, sshd, server.address4, await portOf(line));
    assertEquals([await canLogIn(alice), await canLogIn(serve.key)], [true, true]);

    // The service is reached by the port of its own key, and no other way.
    const path = { service: "greeter" };
    const ofService = formatKey(await deriveKey(parseKey(serve.key), path));
    assertEquals(await probe(user, server.address4, await portOf(ofService)), "open");
    assertEquals(await syn(user, server.address6, SERVICE_PORT), "filtered");
    await serve.event("arrival", "user=default service=greeter");

    const bob = await users.add("bob");
    await serve.event("user_added", "user=bob"); // told before the kernel has the ports
    await waitFor(() => canLogIn(bob), { what: "bob's first login" });
    const ofAlice = await Session.open(user, sshd, server.address4, await portOf(alice));
    const ofBob = await Session.open(user, sshd, server.address6, await portOf(bob));
    for (const name of ["alice", "bob"]) await serve.event("arrival", `user=${name} service=ssh`);
    await serve.event("login", "user=bob address=");

    await roomInMinute(15_000);
    await users.run("remove", "alice");
    await serve.event("user_removed", "user=alice");
    for (const offset of [-1, 0, 1]) {
      const port = await portOf(alice, offset);
      await waitFor(async () => await syn(lab.attacker, server.address6, port) !== "open", {
        what: `port ${port} of alice shut`,
      });
    }
    assert(await canLogIn(bob));
    await ofAlice.answers();

    // From one address two users came: the session that ends is the one that came by bob's port.
    const alsoBob = await Session.open(user, sshd, server.address4, await portOf(bob));
    const { cut } = JSON.parse(await users.run("remove", "bob", "--cut", "--json"));
    assertEquals(cut, { ended: 2, left: 0, kept: 0 });
    for (const session of [ofBob, alsoBob]) {
      assertNotEquals((await session.child.finished()).code, 0);
    }
    await ofAlice.answers();
    await ofAlice.close();
    assertEquals(await canLogIn(serve.key), true);
    const left = JSON.parse(await users.run("list", "--json"));
    assertMatch(left.users[0].lastArrival.at, /^20\d\d-.*Z$/);

    // Whatever is shown of all this, and whatever is wrong, no key is in it.
    for (const [name, line] of [["dave", serve.key], ["erin", `${alice}x`]] as const) {
      const file = join(users.folder, `${name}.toml`);
      await Deno.writeTextFile(file, `key = "${line}"\n`, { mode: 0o600 });
      await serve.event("user_unusable", `${name}.toml`);
    }
    const commands: [string[], string?][] = [
      [["status", "--json"]],
      [["user", "list", "--json"]],
      [["serve", "--firewall", engine]], // it runs already
      [["user", "add", "frank", "--key", "-"], serve.key],
      [["user", "add", "frank", "--key", "-"], `${bob.slice(0, -1)}\n`],
    ];
    const shown = await Promise.all(commands.map(async ([words, stdin]) => {
      const { stdout, stderr } = await users.c3po(words, stdin);
      assertNotEquals(stdout + stderr, "", words.join(" "));
      return [words.join(" "), stdout + stderr] as const;
    }));
    const traps = await Deno.readTextFile(join(server.stateDirectory, "traps.key"));
    const folders = [server.stateDirectory, server.runtimeDirectory];
    const texts = {
      ...Object.fromEntries(shown),
      processes: await processesOf(server, serve.child.pid),
      files: await filesIn(folders, ["traps.key"]),
    };
    assertEquals((await serve.stop()).code, 0);
    const log = serve.child.text();
    const told = await tools.told();
    assertMatch(told, engine === "nftables" ? /^nft /m : /^ipset /m);
    const keys = [serve.key, ofService, alice, bob, traps];
    assertEquals(leaks(keys, { ...texts, log, "what tools are told": told }), []);
  },
);

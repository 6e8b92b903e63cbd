import { assert, assertEquals } from "@std/assert";
import {
  engineTest,
  forgeSyn,
  kernelTest,
  Lab,
  loginNow,
  probe,
  Session,
  ssh,
  startServe,
  startSshd,
  syn,
  waitFor,
} from "../lab.ts";
import { bansOn, TRAP, TRIPWIRE } from "./tripwire.ts";

engineTest(
  "who has logged in is not banned by a forged packet, but by a connection",
  async (engine) => {
    await using lab = await Lab.create();
    const { server, user, attacker } = lab;
    const sshd = await startSshd(server);
    const args = [...TRIPWIRE, "--login-log", sshd.log];
    let serve = await startServe(server, { engine, args });
    // However short the session is.
    for (const address of [server.address4, server.address6]) {
      assert(await loginNow(user, sshd, address, serve));
    }
    await serve.event("login", "address=10.77.1.1 account=root");
    await serve.event("trusted", "address=10.77.1.1");
    await serve.event("trusted", "address=fd77:0:0:1::/64");
    const sessions = [];
    for (const address of [server.address4, server.address6]) {
      sessions.push(await Session.open(user, sshd, address, (await serve.ports(0)).ssh));
    }

    const targets = [[user.address4, server.address4], [user.address6, server.address6]] as const;
    for (const [own, target] of targets) {
      await forgeSyn(attacker, own, target, TRAP);
      await syn(attacker, target, TRAP);
      assertEquals(await syn(attacker, target, TRAP), "closed");
      assertEquals(await syn(user, target, TRAP), "open");
    }
    const attackers = [attacker.address4, "fd77:0:0:2::/64"];
    assertEquals((await bansOn(server)).map(({ address }) => address).sort(), attackers);

    for (const [, address] of targets) {
      assertEquals(await probe(user, address, TRAP), "open");
      await waitFor(async () => await syn(user, address, TRAP) === "closed", {
        what: "ban of a friend who completed a connection to a trap",
      });
    }
    await serve.event("ban", "address=10.77.1.1 port=23 trigger=handshake offences=1");
    for (const session of sessions) await session.answers();

    // It is remembered, unless nobody is to be trusted.
    await serve.stop();
    serve = await startServe(server, { engine, args });
    await server.c3po(["ban", "clear"]);
    await forgeSyn(attacker, user.address4, server.address4, TRAP);
    assert(await loginNow(user, sshd, server.address4, serve));
    await serve.stop();
    await startServe(server, { engine, args: [...args, "--friends", "off"] });
    await forgeSyn(attacker, user.address4, server.address4, TRAP);
    await waitFor(
      async () => (await bansOn(server)).some(({ address }) => address === user.address4),
      {
        what: "ban of one whom nobody trusts",
      },
    );
  },
);

kernelTest("where no log tells, the names of sshd's processes do", async () => {
  await using lab = await Lab.create({ peers: ["user", "stranger"] });
  const { server, user } = lab;
  const sshd = await startSshd(server);
  const none = `${server.directory}/no-log`;
  await Deno.writeTextFile(none, "");
  const serve = await startServe(server, { args: [...TRIPWIRE, "--login-log", none] });
  // A connection is no login, however long it lasts.
  const stranger = lab.peer("stranger");
  const waiting = ["-c", 'exec 3<>"/dev/tcp/$0/$1"; cat <&3', server.address4];
  const connection = stranger.spawn("bash", [...waiting, String((await serve.ports(0)).ssh)]);
  await connection.waitForLine(/^SSH-2\.0-/);
  const session = await Session.open(user, sshd, server.address6, (await serve.ports(0)).ssh);
  await serve.event("trusted", "address=fd77:0:0:1::/64");
  await session.answers();
  assertEquals(serve.events("trusted").length, 1);
});

kernelTest("who only tries to log in is not trusted", async () => {
  await using lab = await Lab.create();
  const { server, user, attacker } = lab;
  const sshd = await startSshd(server);
  const serve = await startServe(server, { args: [...TRIPWIRE, "--login-log", sshd.log] });
  const { ssh: port } = await serve.ports(0);
  // The log repeats the name: what it says there is a stranger's word.
  const posing = `sshd[1]: Accepted publickey for root from ${attacker.address4} port 1 ssh2`;
  for (const name of ["nobody", posing]) {
    const tried = await ssh(attacker, sshd, server.address4, port, ["-l", name, "true"]);
    assertEquals(tried.code === 0, false);
  }
  assert(await loginNow(user, sshd, server.address4, serve));
  await serve.event("trusted", "address=10.77.1.1");
  assertEquals(serve.events("trusted").length, 1);
});

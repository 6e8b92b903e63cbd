import { assert, assertEquals } from "@std/assert";
import { engineTest, Lab, loginNow, probe, startServe, startSshd, syn } from "../lab.ts";
import { bansOn, c3po, TRAP, TRIPWIRE } from "./tripwire.ts";

engineTest(
  "an allowed address is never banned, neither by --allow nor over a running ban",
  async (engine) => {
    await using lab = await Lab.create();
    const sshd = await startSshd(lab.server);
    const { address4, address6 } = lab.user;
    const serve = await startServe(lab.server, {
      engine,
      args: [...TRIPWIRE, "--allow", `${address4}/24`, "--allow", address6],
    });
    for (const address of [lab.server.address4, lab.server.address6]) {
      assertEquals(await probe(lab.user, address, TRAP), "open");
      assert(await loginNow(lab.user, sshd, address, serve));
      await syn(lab.attacker, address, TRAP);
      assertEquals(await syn(lab.attacker, address, TRAP), "closed");
    }
    await c3po(lab.server, "allow", "add", lab.attacker.address4, "fd77:0:0:2::/64");
    for (const address of [lab.server.address4, lab.server.address6]) {
      assert(await loginNow(lab.attacker, sshd, address, serve));
      assertEquals(await probe(lab.attacker, address, TRAP), "open");
      assert(await loginNow(lab.attacker, sshd, address, serve));
    }
    // It is remembered, unlike what another start's --allow no longer says.
    await serve.event("allow", "address=10.77.2.1");
    await serve.stop();
    await startServe(lab.server, { engine, args: TRIPWIRE });
    assertEquals(JSON.parse(await c3po(lab.server, "allow", "list", "--json")), [
      "10.77.2.1",
      "fd77:0:0:2::/64",
    ]);
  },
);

engineTest(
  "an allowed address that completes a connection is not banned with handshake",
  async (engine) => {
    await using lab = await Lab.create();
    const sshd = await startSshd(lab.server);
    const serve = await startServe(lab.server, {
      engine,
      args: [...TRIPWIRE, "--trigger", "handshake", "--allow", lab.user.address4],
    });
    assertEquals(await probe(lab.user, lab.server.address4, TRAP), "open");
    // Somebody else's ban shows that the arrivals have been dealt with.
    assertEquals(await probe(lab.attacker, lab.server.address4, TRAP), "open");
    await serve.event("ban", "address=10.77.2.1 ");
    assertEquals((await bansOn(lab.server)).map(({ address }) => address), [lab.attacker.address4]);
    assert(await loginNow(lab.user, sshd, lab.server.address4, serve));
  },
);

engineTest("services, other tools' rules and excluded ports win over traps", async (engine) => {
  await using lab = await Lab.create();
  await startSshd(lab.server);
  const [service, published, excluded] = [8080, 8081, 8082];
  const shop = await startSshd(lab.server, { port: service });
  // As Docker publishes the port of a container.
  await lab.server.must("sh", ["-c", DOCKER]);
  const traps = [service, published, excluded, TRAP].join(",");
  await startServe(lab.server, {
    engine,
    args: ["--tripwire", traps, "--exclude", "8082,9000-9100"],
  });
  assertEquals(await probe(lab.attacker, lab.server.address4, shop.port), "open");
  for (const port of [service, published, excluded]) {
    await syn(lab.attacker, lab.server.address4, port);
  }
  assertEquals(await bansOn(lab.server), []);
  assertEquals(await syn(lab.attacker, lab.server.address4, TRAP), "open");
  assertEquals(await syn(lab.attacker, lab.server.address4, shop.port), "open");
  assertEquals(await syn(lab.attacker, lab.server.address4, TRAP), "closed");
});

const DOCKER = `iptables -t nat -N DOCKER
iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
iptables -t nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8081 -j DNAT --to-destination 172.17.0.2:80`;

engineTest("the hidden SSH port itself can be a tripwire", async (engine) => {
  await using lab = await Lab.create();
  const sshd = await startSshd(lab.server);
  const serve = await startServe(lab.server, { engine, args: ["--tripwire", "22,2222"] });
  for (const address of [lab.server.address4, lab.server.address6]) {
    assert(await loginNow(lab.attacker, sshd, address, serve));
    assertEquals(await syn(lab.attacker, address, 22), "open");
    assertEquals(await syn(lab.attacker, address, 22), "filtered", "hidden, as from everybody");
    assertEquals(await syn(lab.attacker, address, (await serve.ports()).ssh), "closed");
    assert(await loginNow(lab.user, sshd, address, serve));
  }
});

import { assertEquals } from "@std/assert";
import { kernelTest, Lab, probe, startServe, startSshd, syn } from "../lab.ts";
import { bansOn, c3po, login, TRAP, TRIPWIRE } from "./tripwire.ts";

kernelTest(
  "an allowed address is never banned, neither by --allow nor over a running ban",
  async () => {
    await using lab = await Lab.create();
    const sshd = await startSshd(lab.server);
    const { address4, address6 } = lab.user;
    const serve = await startServe(lab.server, [
      ...TRIPWIRE,
      ...["--allow", `${address4}/24`, "--allow", address6],
    ]);
    for (const address of [lab.server.address4, lab.server.address6]) {
      assertEquals(await probe(lab.user, address, TRAP), "open");
      assertEquals((await login(lab.user, address, { sshd, serve })).code, 0);
      await syn(lab.attacker, address, TRAP);
      assertEquals(await syn(lab.attacker, address, TRAP), "closed");
    }
    await c3po(lab.server, "allow", "add", lab.attacker.address4, "fd77:0:0:2::/64");
    for (const address of [lab.server.address4, lab.server.address6]) {
      assertEquals((await login(lab.attacker, address, { sshd, serve })).code, 0);
      assertEquals(await probe(lab.attacker, address, TRAP), "open");
      assertEquals((await login(lab.attacker, address, { sshd, serve })).code, 0);
    }
    // It is remembered, unlike what another start's --allow no longer says.
    await serve.child.waitForLine(/ allow address=10\.77\.2\.1$/);
    await serve.stop();
    await startServe(lab.server, TRIPWIRE);
    assertEquals(JSON.parse(await c3po(lab.server, "allow", "list", "--json")), [
      "10.77.2.1",
      "fd77:0:0:2::/64",
    ]);
  },
);

kernelTest(
  "an allowed address that completes a connection is not banned with handshake",
  async () => {
    await using lab = await Lab.create();
    const sshd = await startSshd(lab.server);
    const serve = await startServe(lab.server, [
      ...TRIPWIRE,
      ...["--trigger", "handshake", "--allow", lab.user.address4],
    ]);
    assertEquals(await probe(lab.user, lab.server.address4, TRAP), "open");
    // Somebody else's ban shows that the arrivals have been dealt with.
    assertEquals(await probe(lab.attacker, lab.server.address4, TRAP), "open");
    await serve.child.waitForLine(/ ban address=10\.77\.2\.1 /);
    assertEquals((await bansOn(lab.server)).map(({ address }) => address), [lab.attacker.address4]);
    assertEquals((await login(lab.user, lab.server.address4, { sshd, serve })).code, 0);
  },
);

kernelTest("services, other tools' rules and excluded ports win over traps", async () => {
  await using lab = await Lab.create();
  await startSshd(lab.server);
  const [service, published, excluded] = [8080, 8081, 8082];
  const shop = await startSshd(lab.server, { port: service });
  // As Docker publishes the port of a container.
  await lab.server.must("sh", ["-c", DOCKER]);
  const traps = [service, published, excluded, TRAP].join(",");
  await startServe(lab.server, ["--tripwire", traps, "--exclude", "8082,9000-9100"]);
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

kernelTest("the hidden SSH port itself can be a tripwire", async () => {
  await using lab = await Lab.create();
  const sshd = await startSshd(lab.server);
  const serve = await startServe(lab.server, ["--tripwire", "22,2222"]);
  for (const address of [lab.server.address4, lab.server.address6]) {
    assertEquals((await login(lab.attacker, address, { sshd, serve })).code, 0);
    assertEquals(await syn(lab.attacker, address, 22), "open");
    assertEquals(await syn(lab.attacker, address, 22), "filtered", "hidden, as from everybody");
    assertEquals(await syn(lab.attacker, address, (await serve.ports()).ssh), "closed");
    assertEquals((await login(lab.user, address, { sshd, serve })).code, 0);
  }
});

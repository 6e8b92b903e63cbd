import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import {
  emptySets,
  endBan,
  engineTest,
  kernelTest,
  Lab,
  ours,
  snapshot,
  startServe,
  startSshd,
  syn,
  waitFor,
} from "../lab.ts";
import { bansOn, bansWith, c3po, type Listed, TRAP, TRIPWIRE } from "./tripwire.ts";

/** Times that are those of a whole ban, less what this machine takes for a test. */
function assertLeft(ban: Listed | undefined, minutes: number): void {
  const left = ban?.seconds ?? 0;
  assert(left > minutes * 30 && left <= minutes * 60, `${left} s of ${minutes} min left`);
}

engineTest("bans and offences survive a restart, and repeats cost more", async (engine) => {
  await using lab = await Lab.create({ peers: ["attacker"] });
  const { server, attacker } = lab;
  await startSshd(server);
  let serve = await startServe(server, { engine, args: TRIPWIRE });
  for (const address of [server.address4, server.address6]) await syn(attacker, address, TRAP);
  await serve.stop();
  // Nothing is left in the kernel, so what is listed is what will be restored.
  assertEquals(ours(await snapshot(server)), []);
  const saved = await bansOn(server);
  assertEquals(saved.map(({ address, offences, lastPort }) => [address, offences, lastPort]), [
    ["10.77.1.1", 1, TRAP],
    ["fd77:0:0:1::/64", 1, TRAP],
  ]);
  serve = await startServe(server, { engine, args: TRIPWIRE });
  for (const address of [server.address4, server.address6]) {
    assertEquals(await syn(attacker, address, TRAP), "closed");
  }
  for (const ban of await bansOn(server)) assertLeft(ban, 15);

  // The ban ends; the offence is not forgotten.
  await endBan(server, engine, attacker.address4);
  assertEquals(await syn(attacker, server.address4, TRAP), "open");
  await serve.event("ban", "address=10.77.1.1 port=23 trigger=syn offences=2 seconds=1800");
  // The kernel's own ban is a first one, and serve tells of the longer one before it is there.
  const longer = async (): Promise<Listed | undefined> =>
    (await bansOn(server)).find(({ family, seconds }) => family === 4 && (seconds ?? 0) > 900);
  assertLeft(await waitFor(longer, { what: "longer ban" }), 30);
});

engineTest(
  "a killed serve leaves its bans in the kernel, and the next one takes them over",
  async (engine) => {
    await using lab = await Lab.create({ peers: ["attacker"] });
    const { server, attacker } = lab;
    await startSshd(server);
    const serve = await startServe(server, { engine, args: TRIPWIRE });
    await syn(attacker, server.address4, TRAP);
    await bansWith(1, server);
    await serve.kill();
    assertEquals(await syn(attacker, server.address4, TRAP), "closed");
    await startServe(server, { engine, args: TRIPWIRE });
    assertEquals(await syn(attacker, server.address4, TRAP), "closed");
    const [ban] = await bansOn(server);
    assertEquals([ban?.address, ban?.offences], [attacker.address4, 1]);
  },
);

engineTest("to remove a ban is to forgive, whether or not serve runs", async (engine) => {
  await using lab = await Lab.create({ peers: ["attacker"] });
  const { server, attacker } = lab;
  await startSshd(server);
  const touch = () => syn(attacker, server.address4, TRAP);
  const first = "address=10.77.1.1 port=23 trigger=syn offences=1 ";
  let serve = await startServe(server, { engine, args: TRIPWIRE });
  await touch();
  await serve.event("ban", first);
  await c3po(server, "ban", "remove", attacker.address4);
  await serve.event("unban", "address=10.77.1.1");
  assertEquals(await bansOn(server), []);

  const before = serve.child.lines.length;
  assertEquals(await touch(), "open");
  await serve.event("ban", first, before);
  await serve.stop();
  await c3po(server, "ban", "remove", attacker.address4);
  assertEquals(await bansOn(server), []);
  await c3po(server, "ban", "add", "192.0.2.7", "--for", "2h");

  serve = await startServe(server, { engine, args: TRIPWIRE });
  const listed = await bansOn(server);
  assertEquals(listed.map(({ address, offences, lastPort }) => [address, offences, lastPort]), [
    ["192.0.2.7", 0, null],
  ]);
  assertLeft(listed[0], 120);
  assertEquals(await touch(), "open");
  await serve.event("ban", first);
  await c3po(server, "ban", "clear");
  await serve.event("unban", "address=all");
  await serve.stop();
  assertEquals(await bansOn(server), []);
});

engineTest("bans made by hand come back when another tool empties the sets", async (engine) => {
  await using lab = await Lab.create({ peers: ["attacker"] });
  const { server, attacker } = lab;
  await startSshd(server);
  await c3po(server, "ban", "add", "192.0.2.7", "--for", "3h"); // before there is a serve
  const serve = await startServe(server, { engine, args: TRIPWIRE });
  await syn(attacker, server.address4, TRAP);
  await serve.event("ban", "address=10.77.1.1");
  await c3po(server, "ban", "add", "192.0.2.8", "2001:db8:8::1", "192.0.2.9", "--for", "2h");
  await c3po(server, "ban", "remove", "192.0.2.9");
  await serve.event("unban", "address=192.0.2.9");
  await c3po(server, "ban", "add", "192.0.2.10", "--for", "90m"); // perhaps not taken note of yet
  await emptySets(server, engine);
  await serve.event("firewall_restored");
  const left = new Map((await bansOn(server)).map((ban) => [ban.address, ban]));
  const minutes = { "192.0.2.7": 180, "192.0.2.8": 120, "2001:db8:8::/64": 120 };
  for (const [address, most] of Object.entries(minutes)) assertLeft(left.get(address), most);
  assertLeft(left.get("192.0.2.10"), 90);
  assertLeft(left.get(attacker.address4), 15);
  assertEquals(left.size, 5);
});

kernelTest(
  "damaged files of state are set aside with a warning, and serve starts",
  async () => {
    await using lab = await Lab.create({ peers: ["attacker"] });
    const { server, attacker } = lab;
    await startSshd(server);
    let serve = await startServe(server, { args: TRIPWIRE });
    await syn(attacker, server.address4, TRAP);
    await serve.stop();
    const [ledger, bans] = ["ledger", "bans"].map((name) => join(server.stateDirectory, name));
    const whole = await Deno.readTextFile(bans!);
    assertMatch(whole, /^c3po-bans 1 \d+\n10\.77\.1\.1 8\d\d\nend 1\n$/);
    assertEquals((await Deno.stat(bans!)).mode! & 0o777, 0o600);
    await Deno.writeTextFile(ledger!, "c3po-ledger 1\noffender 10.77.1.1 many 1 2 3\nend 1\n");
    await Deno.writeTextFile(bans!, whole.replace(/end 1\n$/, "c3po; reboot"));

    serve = await startServe(server, { args: TRIPWIRE });
    await serve.event("state_damaged", /ledger\.damaged reason="line 2 /);
    await serve.event("state_damaged", /bans\.damaged .*kept="1 bans"$/);
    for (const file of [ledger, bans]) assert((await Deno.stat(`${file}.damaged`)).isFile);
    // What could be read of the bans counts.
    assertEquals((await bansOn(server)).map(({ address }) => address), [attacker.address4]);
    assertEquals(await syn(attacker, server.address4, TRAP), "closed");
  },
);

kernelTest(
  "serve runs without a folder for its state, and says that it will forget",
  async () => {
    await using lab = await Lab.create({ peers: ["attacker"] });
    const { server, attacker } = lab;
    await startSshd(server);
    await Deno.remove(server.stateDirectory);
    await Deno.writeTextFile(server.stateDirectory, "in the way");
    const serve = await startServe(server, { args: TRIPWIRE });
    await syn(attacker, server.address4, TRAP);
    await serve.event("ban", "address=");
    assertEquals(await syn(attacker, server.address4, TRAP), "closed");
    await serve.stop();
    await serve.event("state_write_failed");
  },
);

import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { failures } from "../../../src/firewall/memory.ts";
import { parseBanned, parseCidr } from "../../../src/os/address.ts";
import { StateFiles } from "../../../src/bans/state_files.ts";
import type { PendingCommand } from "../../../src/bans/pending_commands.ts";
import { Server } from "./server.ts";

const SCANNER = "192.0.2.66";
const OTHER = "192.0.2.67";
const SIX = "2001:db8::66";

/** Seconds that a ban of an address (or /64) has left in the kernel; undefined without one. */
async function left(server: Server, address: string): Promise<number | null | undefined> {
  const bans = await server.firewall.bans(1000);
  return bans!.find((ban) => ban.address.text === parseBanned(address).text)?.seconds;
}

/** Somebody touches a trap, and the daemon hears of it. */
async function touch(server: Server, address: string, complete = false): Promise<void> {
  server.kernel.connect(address, await server.trap(), { complete });
  await server.pass(11);
}

function command(server: Server, ...commands: PendingCommand[]): Promise<void> {
  return new StateFiles(server.folder).enqueue(commands, server.clock.now());
}

Deno.test("the kernel bans at the first packet, and each repeat is banned for twice as long", async () => {
  await using server = await Server.start();
  let expected = 900;
  for (let offence = 1; offence <= 8; offence++) {
    server.kernel.connect(SCANNER, await server.trap(), { complete: false });
    assertEquals(await left(server, SCANNER), 900, "at once");
    await server.pass(11);
    const seconds = await left(server, SCANNER);
    assert(seconds! > expected - 12 && seconds! <= expected, `${seconds} of ${expected}`);
    server.clock.suspend(expected * 1000);
    await server.pass(11);
    assertEquals(await left(server, SCANNER), undefined, "it is over");
    expected = Math.min(2 * expected, 86_400);
  }
  const told = server.logged("ban").map(({ fields }) => [fields["offences"], fields["seconds"]]);
  assertEquals(told.slice(0, 3), [[1, 900], [2, 1800], [3, 3600]]);
  assertEquals(told.at(-1), [8, 86_400]);
});

Deno.test("who stays away for a week after the end of a ban starts afresh", async () => {
  await using server = await Server.start();
  await touch(server, SCANNER);
  server.clock.suspend((900 + 7 * 86_400) * 1000);
  await server.pass(20);
  await touch(server, SCANNER);
  assertEquals(server.logged("ban").map(({ fields }) => fields["offences"]), [1, 1]);
});

Deno.test("all of a /64 is banned as one", async () => {
  await using server = await Server.start();
  await touch(server, SIX);
  assertEquals(server.kernel.connect("2001:db8::1", (await server.ports()).ssh), "refused");
  assertEquals(
    server.logged("ban")[0]!.fields["address"],
    SIX,
    "the log has the very address",
  );
});

Deno.test("with handshake a lone packet does not ban, and a completed connection does", async () => {
  await using server = await Server.start({ config: { trigger: "handshake" } });
  const trap = await server.trap();
  await touch(server, SCANNER);
  assertEquals(await left(server, SCANNER), undefined);
  assertEquals(server.logged("ban"), []);
  await touch(server, SCANNER, true);
  assert(await left(server, SCANNER) !== undefined);
  const [ban] = server.logged("ban");
  assertEquals([ban!.fields["trigger"], ban!.fields["port"]], ["handshake", trap]);
});

Deno.test("an address that is trusted is banned by a completed connection alone", async () => {
  await using server = await Server.start();
  server.kernel.connect(OTHER, (await server.ports()).ssh);
  server.logins.push({ address: OTHER, account: "ann" });
  await server.pass(11);
  await touch(server, OTHER);
  assertEquals([await left(server, OTHER), server.logged("ban")], [undefined, []]);
  await touch(server, OTHER, true);
  assert(await left(server, OTHER) !== undefined);
  assertEquals(server.logged("ban")[0]!.fields["trigger"], "handshake");
});

Deno.test("an address that is allowed is never banned", async () => {
  await using server = await Server.start({ config: { allow: [parseCidr("192.0.2.64/30")] } });
  await touch(server, SCANNER, true);
  assertEquals([await left(server, SCANNER), server.logged("ban")], [undefined, []]);
  await touch(server, "192.0.2.68", true);
  assertEquals(server.logged("ban").length, 1);
});

Deno.test("what is done by hand while serve runs is taken note of", async () => {
  await using server = await Server.start();
  const network = parseCidr("198.51.100.0/24");
  const until = server.clock.now() + 3_600_000;
  await touch(server, SCANNER);
  await server.firewall.unban([parseBanned(SCANNER)]);
  await command(
    server,
    { do: "forgive", address: parseBanned(SCANNER) },
    { do: "allow", address: network },
    { do: "ban", address: parseBanned(OTHER), until },
  );
  await server.pass(11);
  assertEquals(["unban", "allow", "manual_ban"].map((event) => server.logged(event).length), [
    1,
    1,
    1,
  ]);
  assertEquals(new StateFiles(server.folder).hasCommands(), false);
  const { offenders, allowed, banned } = await new StateFiles(server.folder).readRecords();
  assertEquals([offenders, allowed, banned], [[], [network], [
    { address: parseBanned(OTHER), until },
  ]]);
  await touch(server, SCANNER);
  assertEquals(server.logged("ban").at(-1)!.fields["offences"], 1, "it starts afresh");
});

Deno.test("a touch from before somebody was forgiven is not held against them", async () => {
  await using server = await Server.start();
  await server.pass(60);
  server.kernel.connect(SCANNER, await server.trap(), { complete: false });
  await server.firewall.unban([parseBanned(SCANNER)]);
  await command(server, { do: "forgive all" });
  await server.pass(11);
  assertEquals([server.logged("ban"), await left(server, SCANNER)], [[], undefined]);
});

Deno.test("a stop removes every trace and saves bans, and a start restores them with the time left", async () => {
  const first = await Server.start();
  await touch(first, SCANNER);
  await touch(first, SIX);
  await command(first, { do: "allow", address: parseCidr("198.51.100.0/24") });
  await first.firewall.ban([{ address: parseBanned(OTHER), seconds: null }]);
  await first.pass(60);
  await first.stop();
  assertEquals(first.kernel.rules.size, 0);
  assertEquals(await first.firewall.bans(1000), []);
  assertEquals(await first.report(), null);
  assertEquals(first.logged("stopped")[0]!.fields, { signal: "SIGTERM" });
  first.clock.suspend(120_000);
  await using second = await Server.start({ after: first });
  const [scanner, six] = [await left(second, SCANNER), await left(second, SIX)];
  assert(scanner! <= 900 - 82 - 120 && scanner! > 900 - 82 - 130, `${scanner}`);
  assert(six! <= 900 - 71 - 120 && six! > 900 - 71 - 130, `${six}`);
  assertEquals(await left(second, OTHER), null);
  assertEquals(second.logged("bans_restored")[0]!.fields, { count: 3 });
  assertEquals((await second.firewall.allowed()).map(({ text }) => text), ["198.51.100.0/24"]);
  await second.pass(900);
  await touch(second, SCANNER);
  assertEquals(second.logged("ban").at(-1)!.fields["offences"], 2, "offences outlive a restart");
});

Deno.test("bans that are still in the kernel are kept as they are there", async () => {
  const first = await Server.start();
  await touch(first, SCANNER);
  await first.firewall.ban([{ address: parseBanned(OTHER), seconds: 5000 }]);
  await Deno.writeTextFile(join(first.folder, "bans"), "c3po-bans 1 1\n192.0.2.99 0\nend 1\n");
  await using second = await Server.start({ after: first });
  assertEquals(await left(second, OTHER), 5000);
  assertEquals(await left(second, "192.0.2.99"), undefined, "what was saved is older");
  assertEquals(second.logged("bans_restored"), []);
  await first[Symbol.asyncDispose]();
});

Deno.test("who was forgiven while nothing ran is not banned again, and who was banned is", async () => {
  const first = await Server.start();
  await touch(first, SCANNER);
  await touch(first, OTHER);
  await first.stop();
  await command(first, { do: "forgive", address: parseBanned(SCANNER) });
  const until = first.clock.now() + 3_600_000;
  await command(first, { do: "ban", address: parseBanned(SIX), until });
  await using second = await Server.start({ after: first });
  assertEquals(await left(second, SCANNER), undefined);
  assert(await left(second, OTHER) !== undefined);
  assert((await left(second, SIX))! > 3500);
});

Deno.test("a ban that the kernel refuses is refused alone", async () => {
  await using server = await Server.start();
  for (const address of [SCANNER, OTHER, SIX]) await touch(server, address);
  await server.pass(900);
  server.firewall.refuse(OTHER);
  const trap = await server.trap();
  for (const address of [SCANNER, OTHER, SIX]) {
    server.kernel.connect(address, trap, { complete: false });
  }
  await server.pass(11);
  assert((await left(server, SCANNER))! > 1700);
  assert((await left(server, SIX))! > 1700);
  assert((await left(server, OTHER))! < 900, "the kernel's own ban goes on");
  const refused = server.logged("ban_refused").map(({ fields }) => fields);
  assertEquals(refused, [{ address: OTHER, reason: "out of memory" }]);
  server.calls.length = 0;
  await server.pass(60);
  assertEquals(server.callsOf("ban"), [], "it is not asked again and again");
});

Deno.test("a longer ban that the kernel cannot be told of is told as soon as it can, and nothing is lost", async () => {
  await using server = await Server.start();
  await touch(server, SCANNER);
  await server.pass(900);
  server.firewall.fail("ban", () => failures.locked(), { times: 5 });
  server.kernel.connect(SCANNER, await server.trap(), { complete: false });
  server.kernel.connect(OTHER, (await server.ports()).ssh);
  server.logins.push({ address: OTHER, account: null });
  await server.pass(30);
  assert((await left(server, SCANNER))! > 1700, `${await left(server, SCANNER)}`);
  assertEquals(server.logged("task_failed").length, 1);
  assertEquals(server.logged("recovered").length, 1);
  assertEquals(server.logged("login").length, 1, "the login beside it is seen");
});

Deno.test("a flood of bans does not flood the log, and is counted", async () => {
  await using server = await Server.start();
  const trap = await server.trap();
  for (let i = 0; i < 3000; i++) {
    server.kernel.connect(`10.1.${i >> 8}.${i & 255}`, trap, { complete: false });
  }
  await server.pass(30);
  assertEquals(server.logged("ban").length, 20);
  const [told] = server.logged("bans_suppressed");
  assertEquals(told!.fields, { suppressed: 2980 });
  assertEquals((await server.report())!.bans, 3000);
});

Deno.test("nobody's addresses and forged ones of this machine are no offenders", async () => {
  await using server = await Server.start();
  for (const address of ["0.0.0.0", "224.0.0.1", "ff02::1"]) await touch(server, address, true);
  assertEquals([server.logged("ban"), await server.firewall.bans(9)], [[], []]);
});

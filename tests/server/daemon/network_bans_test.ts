import { assert, assertEquals } from "@std/assert";
import { StateFiles } from "../../../src/bans/state_files.ts";
import { failures } from "../../../src/firewall/memory.ts";
import { parseBanned, parseBannedNetwork, parseCidr } from "../../../src/os/address.ts";
import { Server } from "./server.ts";

const NARROW = "2001:db8::/56";
const WIDE = "2001:db8::/48";

/** An address of 2001:db8::/48. @param narrow which of its /56 @param at which /64 in that */
function address(narrow: number, at: number): string {
  return `2001:db8:0:${(narrow * 256 + at).toString(16)}::7`;
}

/** Some touch a trap, and the daemon hears of it. */
async function touch(server: Server, ...addresses: string[]): Promise<void> {
  const trap = await server.trap();
  for (const each of addresses) server.kernel.connect(each, trap, { complete: false });
  await server.pass(11);
}

/** What the ports lead an address to. */
async function meets(server: Server, source: string): Promise<string> {
  return server.kernel.connect(source, (await server.ports()).ssh);
}

/** Seconds that bans have left, by address or network. */
async function left(server: Server): Promise<Map<string, number | null>> {
  const bans = await server.firewall.bans(1000);
  return new Map(bans!.map(({ address, seconds }) => [address.text, seconds]));
}

const FOUR = [0, 1, 2, 3].map((at) => address(0, at));

Deno.test("four banned /64 of a /56 shut out all of it, and friends in it are not affected", async () => {
  await using server = await Server.start({ config: { allow: [parseCidr(address(0, 9))] } });
  const friend = address(0, 8);
  server.kernel.connect(friend, (await server.ports()).ssh);
  server.logins.push({ address: friend, account: "ann" });
  await server.pass(11);
  await touch(server, ...FOUR.slice(0, 3));
  assertEquals(await meets(server, address(0, 7)), "service ssh");
  const port = await server.trap();
  await touch(server, FOUR[3]!);
  assertEquals(await meets(server, address(0, 7)), "refused");
  for (const each of [friend, address(0, 9), address(1, 0)]) {
    assertEquals(await meets(server, each), "service ssh", each);
  }
  const [told] = server.logged("network_ban").map(({ fields }) => fields);
  assertEquals(told, { address: NARROW, port, trigger: "syn", offences: 1, seconds: 900 });
  const { recent, bans } = (await server.report())!;
  assertEquals([recent[0]!.address, bans], [NARROW, 5]);
});

Deno.test("four banned /56 of a /48 shut out all of it, and no other", async () => {
  await using server = await Server.start();
  for (const narrow of [0, 1, 2, 3]) {
    assertEquals(await meets(server, address(200, 1)), "service ssh");
    await touch(server, ...[0, 1, 2, 3].map((at) => address(narrow, at)));
  }
  assertEquals(await meets(server, address(200, 1)), "refused");
  assertEquals(await meets(server, "2001:db8:1::1"), "service ssh");
  assertEquals(server.logged("network_ban").map(({ fields }) => fields["address"]), [
    ...["2001:db8::/56", "2001:db8:0:100::/56", "2001:db8:0:200::/56", "2001:db8:0:300::/56"],
    WIDE,
  ]);
});

Deno.test("a burst bans its network once, and who comes back is banned for twice as long", async () => {
  await using server = await Server.start();
  await touch(server, ...Array.from({ length: 60 }, (_, at) => address(0, at)));
  assertEquals(server.logged("network_ban").length, 1);
  await server.pass(900);
  await touch(server, address(0, 99));
  const told = server.logged("network_ban").map(({ fields }) => fields["seconds"]);
  assertEquals(told, [900, 1800]);
  assert((await left(server)).get(NARROW)! > 1700);
});

Deno.test("a network that this machine has an address in is never shut out", async () => {
  await using server = await Server.start();
  server.ipv6 = {
    addresses: [{ text: address(0, 200), device: "eth0" }],
    gateways: [],
    local: ["::/0"], // as where a transparent proxy takes all there is
  };
  await touch(server, ...FOUR);
  await touch(server, ...[0, 1, 2, 3].map((at) => address(1, at)));
  assertEquals(await meets(server, address(0, 7)), "service ssh");
  assertEquals([...(await left(server)).keys()].filter((text) => !text.endsWith("/64")), [
    "2001:db8:0:100::/56",
  ]);
});

Deno.test("a network is banned with handshake for completed connections alone", async () => {
  await using server = await Server.start({ config: { trigger: "handshake" } });
  await touch(server, ...FOUR);
  assertEquals(server.logged("network_ban"), []);
  const trap = await server.trap();
  for (const each of FOUR) server.kernel.connect(each, trap);
  await server.pass(11);
  assertEquals(server.logged("network_ban")[0]!.fields["trigger"], "handshake");
});

Deno.test("where it is switched off no network is banned whole", async () => {
  await using server = await Server.start({ config: { networkBans: "off" } });
  await touch(server, ...FOUR);
  assertEquals(await meets(server, address(0, 7)), "service ssh");
  assertEquals((await left(server)).size, FOUR.length);
});

Deno.test("where it is switched off what an earlier run banned is let in again", async () => {
  const first = await Server.start();
  await touch(first, ...FOUR);
  assertEquals(await meets(first, address(0, 7)), "refused");
  await first.stop();
  await using next = await Server.start({ after: first, config: { networkBans: "off" } });
  assertEquals(await meets(next, address(0, 7)), "service ssh");
  assertEquals((await left(next)).has(NARROW), false);
});

Deno.test("bans of networks outlive a restart, and so does what counts towards them", async () => {
  const first = await Server.start();
  await touch(first, ...FOUR, ...[0, 1, 2].map((at) => address(1, at)));
  await first.stop();
  assertEquals(await first.firewall.bans(1000), []);
  await using second = await Server.start({ after: first });
  assertEquals(await meets(second, address(0, 7)), "refused");
  assertEquals(second.logged("state_damaged"), []);
  await touch(second, address(1, 3));
  assertEquals(await meets(second, address(1, 7)), "refused");
});

Deno.test("a network whose ban was removed by hand starts afresh", async () => {
  await using server = await Server.start();
  await touch(server, ...FOUR);
  const network = parseBannedNetwork(NARROW);
  await new StateFiles(server.folder).enqueue(
    [{ do: "forgive", address: network }],
    server.clock.now(),
  );
  await server.firewall.unban([network]);
  await touch(server, address(0, 10));
  assertEquals(await meets(server, address(0, 7)), "service ssh");
  assertEquals(await meets(server, FOUR[0]!), "refused", "its own ban goes on");
  assertEquals((await left(server)).has(parseBanned(FOUR[0]!).text), true);
});

Deno.test("a ban of a network that the kernel cannot be told of is told as soon as it can", async () => {
  await using server = await Server.start();
  server.firewall.fail("ban", () => failures.locked(), { times: 3 });
  await touch(server, ...FOUR);
  await server.pass(30);
  assertEquals(await meets(server, address(0, 7)), "refused");
});

Deno.test("where it cannot be read which networks are its own, bans are saved, and networks wait", async () => {
  await using server = await Server.start();
  const { ipv6 } = server;
  server.ipv6 = failures.stuck("cat");
  await touch(server, ...FOUR);
  await server.pass(120);
  const { offenders } = await new StateFiles(server.folder).readRecords();
  assertEquals(offenders.length, FOUR.length);
  assertEquals(await meets(server, address(0, 7)), "service ssh");
  server.ipv6 = ipv6;
  await server.pass(30);
  assertEquals(await meets(server, address(0, 7)), "refused");
});

Deno.test("a network is banned again although its last ban seems to last, since the clock was set back", async () => {
  await using server = await Server.start();
  await touch(server, ...FOUR);
  server.clock.set(server.clock.now() - 2 * 3_600_000);
  await server.pass(1000); // the ban of the kernel ends by its own time
  assertEquals(await meets(server, address(0, 7)), "service ssh");
  await touch(server, address(0, 10), address(0, 11), address(0, 12), address(0, 13));
  assertEquals(await meets(server, address(0, 7)), "refused");
});

Deno.test("when the sets were emptied, networks are shut out again with the others", async () => {
  await using server = await Server.start();
  await touch(server, ...FOUR);
  server.kernel.flushSets();
  await server.pass(30);
  assertEquals(await meets(server, address(0, 7)), "refused");
});

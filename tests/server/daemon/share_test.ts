import { assert, assertEquals, assertMatch } from "@std/assert";
import { failures } from "../../../src/firewall/memory.ts";
import { StateFiles } from "../../../src/bans/state_files.ts";
import type { PendingCommand } from "../../../src/bans/pending_commands.ts";
import { parseFleetLine } from "../../../src/fleet/line.ts";
import { ban, type Carrier, lineOf, membership, said } from "./carrier.ts";
import { Server, type Setting } from "./server.ts";
import { addUser, keyLine, portOf } from "./users.ts";
import { fingerprint } from "../../../src/schedule/fingerprint.ts";
import { parseKey } from "../../../src/schedule/key_text.ts";

const SCANNER = "192.0.2.66";
const OTHER = "198.51.100.9";
const THIRD = "203.0.113.5";

/** A server that shares, with the store at hand. */
async function sharing(
  changes: Record<string, unknown> = {},
  setting: Setting = {},
): Promise<{ server: Server; carrier: Carrier }> {
  const folder = await Deno.makeTempDir({ prefix: "c3po-member-" });
  const share = await membership(folder, changes);
  const server = await Server.start({ ...setting, config: { ...setting.config, share } });
  await Deno.remove(folder, { recursive: true });
  const carrier = server.socket!.connect(server);
  await carrier.say(server);
  await carrier.say(server, { do: "up", time: server.clock.now() });
  return { server, carrier };
}

let entry = 0;

/** Lines arrive that the store took some seconds ago. */
async function hear(
  { server, carrier }: { server: Server; carrier: Carrier },
  lines: readonly string[],
  ago = 0,
): Promise<void> {
  const at = server.clock.now() - ago * 1000;
  const entries = lines.map((line): [string, string] => [`${at}-${++entry}`, line]);
  await carrier.say(server, { do: "lines", lines: entries });
}

async function meets(server: Server, address: string): Promise<string> {
  return server.kernel.connect(address, (await server.ports()).ssh, { complete: false });
}

function secondsOf(server: Server, address: string): number | null | undefined {
  return server.kernel.sets.get(4)!.shared.list().find(({ text }) => text === address)?.seconds;
}

function command(server: Server, ...commands: PendingCommand[]): Promise<void> {
  return new StateFiles(server.folder).enqueue(commands, server.clock.now());
}

async function refused(server: Server): Promise<Readonly<Record<string, number>>> {
  await server.pass(11);
  return (await server.report())!.share!.refused;
}

Deno.test("a completed connection to a trap is signed and published once, a SYN is not", async () => {
  const { server, carrier } = await sharing({ replica: "rediss://near.example.org" });
  await using _ = server;
  assertEquals(carrier.heard[0], {
    do: "carry",
    store: "rediss://bans.example.org:6380",
    replica: "rediss://near.example.org:6380",
    ca: null,
    username: "web1",
    password: "hunter2",
    after: null,
  });
  server.kernel.connect(OTHER, await server.trap(), { complete: false });
  for (let i = 0; i < 2; i++) {
    server.kernel.connect(SCANNER, await server.trap());
    await server.pass(11);
  }
  await carrier.say(server);
  const [line] = carrier.published;
  assertEquals(carrier.published.length, 1);
  assertMatch(said(line!), /^ban 192\.0\.2\.66 (889|900) confirmed 1$/);
  assertEquals(parseFleetLine(line!).member, "web1");
});

Deno.test("with handshake, and of a trusted address, a completed connection is published as well", async () => {
  const { server, carrier } = await sharing({}, { config: { trigger: "handshake" } });
  await using _ = server;
  server.kernel.connect(SCANNER, await server.trap());
  await server.pass(11);
  await carrier.say(server);
  assertMatch(said(carrier.published[0]!), /^ban 192\.0\.2\.66 \d+ confirmed 1$/);
});

Deno.test("a key that the administrator revokes leads to traps, at once and after a restart", async () => {
  const { server, carrier } = await sharing({}, {
    before: async (server) => {
      await addUser(server, "alice", 1);
      await addUser(server, "bob", 2);
    },
  });
  const meets = async (server: Server, key: number, address: string): Promise<string> =>
    server.kernel.connect(address, await portOf(server, keyLine(key)), { complete: false });
  assertEquals(await meets(server, 1, OTHER), "service ssh");
  const order = { do: "revoke", fingerprint: (await fingerprint(parseKey(keyLine(1))))! } as const;
  await hear({ server, carrier }, [await lineOf("admin", { verb: "order", order })]);
  assertEquals(server.logged("fleet_revoke").length, 1);
  await server.pass(3);
  assertEquals([await meets(server, 1, SCANNER), await meets(server, 2, OTHER)], [
    "tarpit",
    "service ssh",
  ]);
  assertEquals((await server.report())!.users.map(({ user, state }) => [user, state]), [
    ["default", "open"],
    ["alice", "trap"],
    ["bob", "open"],
  ]);
  await server.stop();
  const { server: second } = await sharing({}, { after: server });
  assertEquals(await meets(second, 1, THIRD), "tarpit");
  // Also where nothing is shared any more.
  await second.stop();
  await using third = await Server.start({ after: second });
  assertEquals(await meets(third, 1, "203.0.113.6"), "tarpit");
});

Deno.test("a server at which nothing happens sends an order within a second, and shuts out a revoked key as soon", async () => {
  const { server, carrier } = await sharing({}, {
    before: async (server) => await addUser(server, "alice", 1),
  });
  await using _ = server;
  await server.pass(120);
  const line = await lineOf("admin", { verb: "order", order: { do: "forgive all" } });
  await command(server, { do: "publish", line });
  server.touchCommands();
  await server.pass(1);
  await carrier.say(server);
  assertEquals(carrier.published, [line]);

  assertEquals(
    server.kernel.connect(OTHER, await portOf(server, keyLine(1)), { complete: false }),
    "service ssh",
  );
  await server.pass(120);
  const port = await portOf(server, keyLine(1));
  const order = { do: "revoke", fingerprint: (await fingerprint(parseKey(keyLine(1))))! } as const;
  await hear({ server, carrier }, [await lineOf("admin", { verb: "order", order })]);
  await server.pass(1);
  assertEquals(server.kernel.connect(SCANNER, port, { complete: false }), "tarpit");
});

Deno.test("a network that the administrator allows meets no ban until its time is over, also after a restart", async () => {
  const { server, carrier } = await sharing();
  const order = (network: string, seconds: number) =>
    lineOf("admin", { verb: "order", order: { do: "allow", network, seconds } });
  const allowed = async (server: Server): Promise<string[]> =>
    (await server.firewall.allowed()).map(({ text }) => text);
  server.kernel.connect(SCANNER, await server.trap());
  await server.pass(11);
  const ofFleet = await lineOf("web2", ban(OTHER));
  await hear({ server, carrier }, [ofFleet]);
  assertEquals([await meets(server, SCANNER), await meets(server, OTHER)], ["refused", "refused"]);

  const [home, office] = ["192.0.2.0/24", "198.51.100.0/24"];
  await hear({ server, carrier }, [await order(home, 600), await order(office, 3600)]);
  assertEquals(server.logged("fleet_allow").length, 2);
  const inside = ["service ssh", "service ssh"];
  assertEquals([await meets(server, SCANNER), await meets(server, OTHER)], inside);
  // What others report of it is refused, and a repair keeps it.
  await hear({ server, carrier }, [await lineOf("web2", ban("198.51.100.8"))]);
  assertEquals((await refused(server)).allowed, 1);
  server.kernel.clear();
  await server.pass(3);
  assertEquals(await allowed(server), [home, office]);

  await server.stop();
  const second = await sharing({}, { after: server });
  await using _ = second.server;
  assertEquals(await allowed(second.server), [home, office]);
  await second.server.pass(601);
  assertEquals(await allowed(second.server), [office]);
  // Its administrator takes the other one off here, and no repair brings it back.
  const address = { family: 4, text: office } as const;
  await second.server.firewall.disallow([address]);
  await command(second.server, { do: "disallow", address });
  await second.server.pass(11);
  second.server.kernel.clear();
  await second.server.pass(3);
  assertEquals(await allowed(second.server), []);
});

Deno.test("an order to allow that the kernel did not take holds up no ban, and is tried again", async () => {
  const { server, carrier } = await sharing();
  await using _ = server;
  const allow = { do: "allow", network: "203.0.113.0/24", seconds: 30 } as const;
  server.firewall.fail("allow", () => failures.stuck("nft"), { times: 1 });
  await hear({ server, carrier }, [
    await lineOf("admin", { verb: "order", order: allow }),
    await lineOf("web2", ban(OTHER)),
  ]);
  assertEquals(await meets(server, OTHER), "refused");
  await server.pass(11);
  assertEquals((await server.firewall.allowed()).map(({ text }) => text), [allow.network]);
  server.firewall.fail("disallow", () => failures.stuck("nft"), { times: 1 });
  await server.pass(31);
  assertEquals(await server.firewall.allowed(), []);
});

Deno.test("a signed order is passed on as it is, and sent again until the store has it", async () => {
  const { server, carrier } = await sharing();
  await using _ = server;
  const line = await lineOf("admin", { verb: "order", order: { do: "forgive all" } });
  await command(server, { do: "publish", line });
  await server.pass(11);
  await carrier.say(server);
  assertEquals(carrier.published, [line]);
  // The way to the store broke before it had the line.
  const again = server.socket!.connect(server);
  await again.say(server);
  await again.say(server, { do: "up", time: server.clock.now() });
  assertEquals(again.published, [line]);
});

Deno.test("what publish leaves out stays here, and all has SYNs and bans by hand", async () => {
  for (const publish of ["off", "all"] as const) {
    const { server, carrier } = await sharing({ publish });
    await using _ = server;
    server.kernel.connect(SCANNER, await server.trap());
    server.kernel.connect(OTHER, await server.trap(), { complete: false });
    const address = { family: 4, text: THIRD } as const;
    await command(server, { do: "ban", address, until: server.clock.now() + 60_000 });
    await server.pass(11);
    await carrier.say(server);
    const evidence = carrier.published.map(said).map((line) => line.replace(/ \d+ /, " "));
    assertEquals(
      evidence.sort(),
      publish === "off" ? [] : [
        `ban ${SCANNER} confirmed 1`,
        `ban ${SCANNER} syn 1`,
        `ban ${OTHER} syn 1`,
        `ban ${THIRD} hand 0`,
      ].sort(),
    );
  }
});

Deno.test("an address of a private network is neither published nor banned unless that is asked for", async () => {
  for (const isPrivate of [false, true]) {
    const fleet = await sharing({ private: isPrivate });
    await using server = fleet.server;
    server.kernel.connect("10.1.2.3", await server.trap());
    await server.pass(11);
    await hear(fleet, [await lineOf("web2", ban("10.9.9.9"))]);
    assertEquals(fleet.carrier.published.length, isPrivate ? 1 : 0);
    assertEquals(await meets(server, "10.9.9.9"), isPrivate ? "refused" : "service ssh");
  }
});

Deno.test("a report of another server bans within the same second, for the time that is left", async () => {
  const fleet = await sharing();
  await using server = fleet.server;
  assertEquals(await meets(server, SCANNER), "service ssh");
  await hear(fleet, [await lineOf("web2", ban(SCANNER))], 100);
  assertEquals(await meets(server, SCANNER), "refused");
  assertEquals(secondsOf(server, SCANNER), 800);
  const [told] = server.logged("fleet_ban");
  assertEquals([told!.fields["address"], told!.fields["member"]], [SCANNER, "web2"]);
  assertEquals(server.callsOf("ban"), [], "it is no ban of this server's own");
  await server.pass(11);
  const { share, bans } = (await server.report())!;
  assertEquals([share!.applied, share!.running, share!.members, bans], [1, 1, 3, 0]);
});

Deno.test("the clock of the store counts, and that of a member does not", async () => {
  const fleet = await sharing();
  await using server = fleet.server;
  const time = server.clock.now() + 3_600_000;
  await fleet.carrier.say(server, { do: "current", time });
  const line = await lineOf("web2", ban(SCANNER));
  await fleet.carrier.say(server, { do: "lines", lines: [[`${time - 300_000}-1`, line]] });
  assertEquals(secondsOf(server, SCANNER), 600);
});

Deno.test("what another server reported is not published again, nor does it count as an offence", async () => {
  const fleet = await sharing();
  await using server = fleet.server;
  await hear(fleet, [await lineOf("web2", ban(SCANNER))]);
  assertEquals(server.kernel.connect(SCANNER, await server.trap()), "refused");
  await server.pass(11);
  await fleet.carrier.say(server);
  assertEquals([fleet.carrier.published, server.logged("ban")], [[], []]);
});

Deno.test("an address that is allowed, trusted, or has a session here is not banned", async () => {
  const allow = [{ family: 4, text: "198.51.100.0/24" } as const];
  const fleet = await sharing({}, { config: { allow } });
  await using server = fleet.server;
  server.kernel.connect(SCANNER, (await server.ports()).ssh);
  server.logins.push({ address: SCANNER, account: "ann" });
  server.sessions.add(THIRD);
  await server.pass(11);
  const addresses = [OTHER, SCANNER, THIRD];
  await hear(fleet, await Promise.all(addresses.map((each) => lineOf("web2", ban(each)))));
  for (const each of addresses) assertEquals(await meets(server, each), "service ssh");
  assertEquals(await refused(server), { allowed: 1, trusted: 1, session: 1 });
});

Deno.test("lines that are none, forged or repeated are counted by the reason and warned of once a minute", async () => {
  const fleet = await sharing();
  await using server = fleet.server;
  const line = await lineOf("web2", ban(SCANNER));
  const forged = (await lineOf("web2", ban(OTHER))).replace(OTHER, THIRD);
  await hear(fleet, [
    line,
    line,
    forged,
    "x".repeat(513),
    "",
    await lineOf("web2", ban("0.0.0.0/0")),
  ]);
  await hear(fleet, [await lineOf("web2", { verb: "order", order: { do: "forgive all" } })]);
  assertEquals(await refused(server), { form: 2, signature: 1, replay: 1, address: 1, order: 1 });
  assertEquals(await meets(server, THIRD), "service ssh");
  const told = server.logged("share_refused").map(({ fields }) => fields["reason"]);
  assertEquals(told.sort(), ["address", "form", "order", "signature"]);
});

Deno.test("an address that is forgiven here stays so for 15 minutes, and with --fleet others are told", async () => {
  const fleet = await sharing();
  await using server = fleet.server;
  await hear(fleet, [await lineOf("web2", ban(SCANNER))]);
  const address = { family: 4, text: SCANNER } as const;
  await server.firewall.unban([address]);
  await command(server, { do: "forgive", address, isShared: true });
  await server.pass(11);
  await hear(fleet, [await lineOf("web2", ban(SCANNER))]);
  assertEquals(await meets(server, SCANNER), "service ssh");
  assertEquals(fleet.carrier.published.map(said), [`forgive ${SCANNER}`]);
  await server.pass(901);
  await hear(fleet, [await lineOf("web2", ban(SCANNER))]);
  assertEquals(await meets(server, SCANNER), "refused");
});

Deno.test("what its sender takes back, or the administrator, is banned no more", async () => {
  const fleet = await sharing();
  await using server = fleet.server;
  await hear(fleet, [await lineOf("web2", ban(SCANNER)), await lineOf("web2", ban(OTHER))]);
  await hear(fleet, [await lineOf("web2", { verb: "forgive", address: SCANNER })]);
  assertEquals([await meets(server, SCANNER), await meets(server, OTHER)], [
    "service ssh",
    "refused",
  ]);
  await hear(fleet, [
    await lineOf("admin", { verb: "order", order: { do: "expel", member: "web2" } }),
  ]);
  assertEquals(await meets(server, OTHER), "service ssh");
  await server.pass(120);
  await server.stop();
  const { expelled } = JSON.parse(await Deno.readTextFile(`${server.folder}/share`));
  assertEquals(expelled, ["web2"]);
});

Deno.test("reports wait for the store, and say what is left of a ban when it is there", async () => {
  const { server, carrier } = await sharing();
  await using _ = server;
  await carrier.say(server, { do: "down", reason: "connection refused" });
  server.kernel.connect(SCANNER, await server.trap());
  await server.pass(11);
  assertEquals(carrier.published, []);
  await server.pass(300);
  await carrier.say(server, { do: "up", time: server.clock.now() });
  const [line] = carrier.published;
  const [, , seconds] = said(line!).split(" ");
  assert(Number(seconds) < 600 && Number(seconds) > 580, line);
});

Deno.test("what the store did not acknowledge is sent again with a new number", async () => {
  const { server, carrier } = await sharing();
  await using _ = server;
  server.kernel.connect(SCANNER, await server.trap());
  server.kernel.connect(OTHER, await server.trap());
  await server.pass(11);
  await carrier.say(server);
  const [first, second] = carrier.published.map(parseFleetLine);
  await carrier.say(server, { do: "published", seq: first!.seq });
  await carrier.leave(server);
  const next = server.socket!.connect(server);
  await next.say(server);
  await next.say(server, { do: "up", time: server.clock.now() });
  const again = next.published.map(parseFleetLine);
  assertEquals(again.length, 1);
  assert(again[0]!.seq > second!.seq);
  assertEquals(again[0]!.statement.verb === "ban" && again[0]!.statement.address, OTHER);
});

Deno.test("numbers of lines grow over restarts, also if the clock is set back", async () => {
  const first = await sharing();
  first.server.kernel.connect(SCANNER, await first.server.trap());
  await first.server.pass(11);
  await first.carrier.say(first.server);
  const { seq } = parseFleetLine(first.carrier.published[0]!);
  await first.server.stop();
  first.server.clock.set(first.server.clock.now() - 86_400_000);
  const second = await sharing({}, {
    after: {
      kernel: first.server.kernel,
      clock: first.server.clock,
      folder: first.server.folder,
      resting: first.server.resting,
    },
  });
  await using server = second.server;
  server.kernel.connect(OTHER, await server.trap());
  await server.pass(11);
  await second.carrier.say(server);
  assert(parseFleetLine(second.carrier.published[0]!).seq > seq);
});

Deno.test("without c3po share, and with a store that is down, local bans and ports are as ever", async () => {
  const fleet = await sharing();
  await using server = fleet.server;
  await fleet.carrier.say(server, { do: "down", reason: "no answer" });
  server.kernel.connect(SCANNER, await server.trap(), { complete: false });
  assertEquals(server.kernel.connect(SCANNER, await server.trap()), "refused");
  await server.pass(700);
  assertEquals(await meets(server, OTHER), "service ssh");
  assertEquals((await server.report())!.share!.store, "down");
  await fleet.carrier.leave(server);
  await server.pass(11);
  assertEquals((await server.report())!.share!.store, "absent");
  assertEquals((await server.report())!.isFailing, false);
});

Deno.test("files that cannot be used keep nothing from working but sharing", async () => {
  const folder = await Deno.makeTempDir({ prefix: "c3po-member-" });
  const share = await membership(folder);
  await Deno.chmod(`${folder}/store.toml`, 0o644);
  await using server = await Server.start({ config: { share } });
  await Deno.remove(folder, { recursive: true });
  const [told] = server.logged("share_failed");
  assertMatch(String(told!.fields["error"]), /others may read ".*store.toml": its mode is 0644/);
  assertEquals(server.socket, null);
  assertEquals((await server.report())!.share, null);
  assertEquals(await meets(server, SCANNER), "service ssh");
});

Deno.test("what the kernel did not take is tried again, and what another tool emptied is refilled", async () => {
  const fleet = await sharing();
  await using server = fleet.server;
  server.firewall.fail("banShared", () => failures.locked());
  await hear(fleet, [await lineOf("web2", ban(SCANNER))]);
  assertEquals(await meets(server, SCANNER), "service ssh");
  await server.pass(11);
  assertEquals(await meets(server, SCANNER), "refused");
  server.kernel.flushSets();
  await server.pass(11);
  assertEquals(await meets(server, SCANNER), "refused");
});

Deno.test("a carrier that says nonsense is left, and the next one is heard", async () => {
  const fleet = await sharing();
  await using server = fleet.server;
  await fleet.carrier.babble(server, '{"do":"ban everyone"}\n');
  assertEquals(server.logged("share_broken").length, 1);
  const next = server.socket!.connect(server);
  await next.say(server, { do: "up", time: server.clock.now() });
  await hear({ server, carrier: next }, [await lineOf("web2", ban(SCANNER))]);
  assertEquals(await meets(server, SCANNER), "refused");
});

Deno.test("a new carrier begins behind the last line that was judged", async () => {
  const fleet = await sharing();
  await using server = fleet.server;
  await fleet.carrier.say(server, { do: "lines", lines: [["1800000000000-7", "x"]] });
  const next = server.socket!.connect(server);
  await next.say(server);
  assertEquals(next.heard[0]?.do === "carry" && next.heard[0].after, "1800000000000-7");
});

Deno.test("a quorum of SYNs is not applied where it is cheap to forge", async () => {
  for (const [traps, expected] of [[15, "refused"], [4095, "service ssh"]] as const) {
    const fleet = await sharing({ apply: "quorum:2" }, { config: { traps } });
    await using server = fleet.server;
    const syn = { ...ban(SCANNER), evidence: "syn" } as const;
    await hear(fleet, [await lineOf("web2", syn)]);
    assertEquals(await meets(server, SCANNER), "service ssh");
    await hear(fleet, [await lineOf("web3", syn)]);
    assertEquals(await meets(server, SCANNER), expected);
    assertEquals(server.logged("share_quorum").length, traps === 15 ? 0 : 1);
  }
});

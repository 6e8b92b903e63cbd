import { assertEquals } from "@std/assert";
import { Allowances } from "../../src/fleet/allowances.ts";
import { formatUnsigned, type Statement } from "../../src/fleet/line.ts";
import { publicKeyOf } from "../../src/fleet/member.ts";
import type { Outcome } from "../../src/fleet/outcome.ts";
import { Receiver, type ReceiverOptions } from "../../src/fleet/receiver.ts";
import { RunningBans } from "../../src/fleet/running_bans.ts";
import { Sequences } from "../../src/fleet/sequences.ts";
import { readPublicKey, Signer } from "../../src/fleet/signature.ts";

const NOW = 1_800_000_000_000;
const SCANNER = "203.0.113.7";

function seed(byte: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(32).fill(byte);
}

const SEEDS = { web1: seed(1), web2: seed(2), web3: seed(3), admin: seed(9) };
type Name = keyof typeof SEEDS;
const SIGNERS = Object.fromEntries(
  await Promise.all(
    Object.entries(SEEDS).map(async ([name, bytes]) => [name, await Signer.of(bytes)] as const),
  ),
) as Record<Name, Signer>;
async function keyOf(name: Name): Promise<CryptoKey> {
  return await readPublicKey(await publicKeyOf(SEEDS[name]));
}
const MEMBERS = new Map<string, CryptoKey>();
for (const name of ["web1", "web2", "web3"] as const) MEMBERS.set(name, await keyOf(name));
const ADMIN_KEY = await keyOf("admin");

let seq = 0;

function ban(address = SCANNER, changes: Partial<Statement & { verb: "ban" }> = {}): Statement {
  return { verb: "ban", address, seconds: 900, evidence: "confirmed", offences: 1, ...changes };
}

/** What web1 receives, and what comes of it. */
class Fleet {
  readonly running = new RunningBans();
  readonly allowances = new Allowances();
  readonly receiver: Receiver;
  now = NOW;

  constructor(changes: Partial<ReceiverOptions> = {}) {
    this.receiver = new Receiver({
      self: "web1",
      members: MEMBERS,
      admin: ADMIN_KEY,
      isPrivateTaken: false,
      applying: { isOn: true, quorum: null },
      sequences: new Sequences(NOW),
      running: this.running,
      allowances: this.allowances,
      expelled: new Set(),
      revoked: new Set(),
      spare: () => null,
      ...changes,
    });
  }

  /** @param age how long ago the store took the line, in milliseconds */
  async hear(line: string, age = 0): Promise<Outcome> {
    // The clock of the store is an hour ahead, and that changes nothing.
    const storeNow = this.now + 3_600_000;
    return await this.receiver.receive({ line, at: storeNow - age, storeNow, now: this.now });
  }

  async say(name: Name, statement: Statement, age = 0): Promise<Outcome> {
    return await this.hear(await signed(name, statement), age);
  }
}

async function signed(name: Name, statement: Statement): Promise<string> {
  return await SIGNERS[name].sign({ member: name, seq: ++seq, time: 5, statement });
}

/** The reason for which a line was refused; else what was done. */
function told(outcome: Outcome): string {
  return outcome.do === "refuse" ? outcome.reason : outcome.do;
}

function bannedFor(outcome: Outcome): number | null {
  return outcome.do === "ban" ? (outcome.until - NOW) / 1000 : null;
}

Deno.test("a report of a member bans for the time it has left by the store's clock", async () => {
  const fleet = new Fleet();
  const outcome = await fleet.say("web2", ban(), 100_000);
  assertEquals(outcome, {
    do: "ban",
    address: { family: 4, text: SCANNER },
    until: NOW + 800_000,
    member: "web2",
  });
  assertEquals(fleet.running.find(SCANNER, NOW)?.member, "web2");
  assertEquals(bannedFor(await fleet.say("web2", ban("2001:db8::/64"))), 900);
});

Deno.test("no report bans for more than 15 minutes, and none makes another one longer", async () => {
  const fleet = new Fleet();
  assertEquals(bannedFor(await fleet.say("web2", ban(SCANNER, { seconds: 2_000_000 }))), 900);
  assertEquals(bannedFor(await fleet.say("web2", ban("203.0.113.8", { seconds: 60 }))), 60);
  assertEquals(bannedFor(await fleet.say("web2", ban("203.0.113.9"), -500_000)), 900);
  assertEquals(told(await fleet.say("web3", ban(SCANNER, { seconds: 60 }))), "nothing");
  fleet.now += 100_000;
  assertEquals(told(await fleet.say("web3", ban())), "nothing");
  assertEquals(fleet.running.find(SCANNER, NOW)?.until, NOW + 900_000);
});

Deno.test("each line that may not be is refused for its own reason", async () => {
  const own = await signed("web1", ban());
  const stranger = await Signer.of(seed(7));
  const unsigned = { member: "web2", seq: 99_999, time: 5, statement: ban() };
  const forged = await stranger.sign(unsigned);
  const unknown = await stranger.sign({ ...unsigned, member: "web7" });
  const lines: [string, string][] = [
    ["form", "x".repeat(600)],
    ["form", formatUnsigned(unsigned)],
    ["member", unknown],
    ["signature", forged],
    ["own", own],
    ["order", await signed("web2", { verb: "order", order: { do: "forgive all" } })],
    ["address", await signed("web2", ban("0.0.0.0/0"))],
    ["address", await signed("web2", ban("2001:db8::/32"))],
    ["address", await signed("web2", ban("203.0.113.0/24"))],
    ["address", await signed("web2", ban("2001:db8::1"))],
    ["address", await signed("web2", ban("2001:db8:0::/64"))],
    ["address", await signed("web2", ban("10.0.0.1"))],
    ["address", await signed("web2", ban("127.0.0.1"))],
    ["address", await signed("web2", ban("224.0.0.1"))],
    ["address", await signed("web2", ban("fe80::/64"))],
    ["address", await signed("web2", ban("fd00::/64"))],
    ["address", await signed("web2", ban("::/64"))],
    ["unwanted", await signed("web2", ban(SCANNER, { evidence: "syn" }))],
  ];
  const fleet = new Fleet();
  for (const [reason, line] of lines) assertEquals(told(await fleet.hear(line)), reason, line);
  assertEquals(fleet.running.list(NOW), []);
  const withoutAdmin = new Fleet({ admin: null });
  const order = { verb: "order", order: { do: "forgive all" } } as const;
  assertEquals(told(await withoutAdmin.say("admin", order)), "member");
  const off = new Fleet({ applying: { isOn: false, quorum: null } });
  assertEquals(told(await off.say("web2", ban())), "unwanted");
  assertEquals(told(await new Fleet({ isPrivateTaken: true }).say("web2", ban("10.0.0.1"))), "ban");
});

Deno.test("a line is taken once, and none that is older than one that was taken", async () => {
  const fleet = new Fleet();
  const [first, second] = [await signed("web2", ban()), await signed("web2", ban("203.0.113.8"))];
  assertEquals(told(await fleet.hear(second)), "ban");
  assertEquals([told(await fleet.hear(first)), told(await fleet.hear(second))], [
    "replay",
    "replay",
  ]);
  assertEquals(told(await fleet.say("web3", ban("203.0.113.9"))), "ban");
});

Deno.test("a signature that is wrong does not use up the number of a line", async () => {
  const fleet = new Fleet();
  const line = await signed("web2", ban());
  const forged = await (await Signer.of(seed(7))).sign({
    member: "web2",
    seq: Number.MAX_SAFE_INTEGER,
    time: 5,
    statement: ban(),
  });
  assertEquals(told(await fleet.hear(forged)), "signature");
  assertEquals(told(await fleet.hear(line)), "ban");
});

Deno.test("whom this server spares is not banned, and an order of the administrator spares the allowed", async () => {
  for (const reason of ["allowed", "trusted", "session", "forgiven"] as const) {
    const fleet = new Fleet({ spare: () => reason });
    assertEquals(told(await fleet.say("web2", ban())), reason);
    const order = { do: "ban", address: SCANNER, seconds: 60 } as const;
    const ordered = told(await fleet.say("admin", { verb: "order", order }));
    assertEquals(ordered, reason === "allowed" ? "allowed" : "ban");
  }
});

Deno.test("what is over when it arrives bans no more", async () => {
  const fleet = new Fleet();
  assertEquals(told(await fleet.say("web2", ban(), 900_000)), "expired");
  assertEquals(told(await fleet.say("web2", ban(SCANNER, { seconds: 60 }), 60_000)), "expired");
  assertEquals(bannedFor(await fleet.say("web2", ban(), 899_000)), 1);
});

Deno.test("a member that floods bans 600 at once and 10 a second, and no other is held up by that", async () => {
  const fleet = new Fleet();
  const flood = async (count: number): Promise<number> => {
    let applied = 0;
    for (let i = 0; i < count; i++) {
      const address = `198.51.${100 + (i >> 8)}.${i & 255}`;
      if (told(await fleet.say("web2", ban(address, { seconds: 1 }))) === "ban") applied++;
    }
    return applied;
  };
  assertEquals(await flood(700), 600);
  fleet.now += 5000;
  assertEquals(await flood(100), 50);
  assertEquals(told(await fleet.say("web2", ban())), "budget");
  assertEquals(told(await fleet.say("web3", ban())), "ban");
});

Deno.test("a store that gives entries times to come, or none at all, lets no member report more", async () => {
  const fleet = new Fleet();
  let applied = 0;
  for (let i = 0; i < 700; i++) {
    const address = `198.51.${100 + (i >> 8)}.${i & 255}`;
    if (told(await fleet.say("web2", ban(address), -i * 60_000)) === "ban") applied++;
  }
  assertEquals(applied, 600);
  const line = await signed("web3", ban());
  const entry = { line, storeNow: NOW, now: NOW };
  assertEquals(told(await fleet.receiver.receive({ ...entry, at: NaN })), "form");
  assertEquals(told(await fleet.receiver.receive({ ...entry, at: NOW })), "ban");
});

Deno.test("an order shortens no ban, and may make one longer", async () => {
  const fleet = new Fleet();
  const order = (seconds: number): Statement => {
    return { verb: "order", order: { do: "ban", address: SCANNER, seconds } };
  };
  await fleet.say("web2", ban(SCANNER, { seconds: 500 }));
  assertEquals(told(await fleet.say("admin", order(60))), "nothing");
  assertEquals(fleet.running.find(SCANNER, NOW)?.until, NOW + 500_000);
  assertEquals(bannedFor(await fleet.say("admin", order(800))), 800);
});

Deno.test("who catches up judges a member by the times at which the store took its lines", async () => {
  const fleet = new Fleet();
  let applied = 0;
  for (let i = 0; i < 800; i++) {
    const address = `198.51.${100 + (i >> 8)}.${i & 255}`;
    const outcome = await fleet.say("web2", ban(address), 800_000 - i * 1000);
    if (told(outcome) === "ban") applied++;
  }
  assertEquals(applied, 800);
});

Deno.test("what others write in the name of a member does not use up its budget", async () => {
  const fleet = new Fleet();
  const stranger = await Signer.of(seed(7));
  for (let i = 0; i < 700; i++) {
    await fleet.hear(
      await stranger.sign({ member: "web2", seq: ++seq, time: 5, statement: ban() }),
    );
  }
  assertEquals(told(await fleet.say("web2", ban())), "ban");
});

Deno.test("SYNs ban for five minutes once enough members have seen one within 15 minutes", async () => {
  const fleet = new Fleet({ applying: { isOn: true, quorum: 2 } });
  const syn = ban(SCANNER, { evidence: "syn" });
  assertEquals(told(await fleet.say("web2", syn)), "nothing");
  assertEquals(told(await fleet.say("web2", syn)), "nothing");
  fleet.now += 901_000;
  assertEquals(told(await fleet.say("web3", syn)), "nothing");
  const outcome = await fleet.say("web2", syn);
  assertEquals(outcome.do === "ban" && outcome.until - fleet.now, 300_000);
  assertEquals(
    bannedFor(await new Fleet({ applying: { isOn: true, quorum: 3 } }).say("web2", ban())),
    900,
  );
});

Deno.test("a member takes back what it has reported, the administrator what anyone has", async () => {
  const fleet = new Fleet();
  const forgive = { verb: "forgive", address: SCANNER } as const;
  await fleet.say("web2", ban());
  assertEquals(told(await fleet.say("web3", forgive)), "nothing");
  assertEquals(fleet.running.count(NOW), 1);
  assertEquals(told(await fleet.say("web2", forgive)), "forgive");
  assertEquals(fleet.running.count(NOW), 0);
  for (const order of [{ do: "forgive", address: SCANNER }, { do: "forgive all" }] as const) {
    await fleet.say("web2", ban());
    const outcome = await fleet.say("admin", { verb: "order", order });
    assertEquals(outcome.do === "forgive" && outcome.addresses.map(({ text }) => text), [SCANNER]);
    assertEquals(fleet.running.count(NOW), 0);
  }
});

Deno.test("a member that was expelled is heard no more, and its bans end", async () => {
  const fleet = new Fleet();
  await fleet.say("web2", ban());
  await fleet.say("web3", ban("203.0.113.8"));
  const order = { do: "expel", member: "web2" } as const;
  const outcome = await fleet.say("admin", { verb: "order", order });
  assertEquals(outcome.do === "forgive" && outcome.addresses.map(({ text }) => text), [SCANNER]);
  assertEquals(told(await fleet.say("web2", ban())), "expelled");
  assertEquals(fleet.running.list(NOW).map(({ member }) => member), ["web3"]);
});

Deno.test("a key is revoked by the administrator alone, and once", async () => {
  const fleet = new Fleet();
  const statement = { verb: "order", order: { do: "revoke", fingerprint: "044f3d5c" } } as const;
  assertEquals(told(await fleet.say("web2", statement)), "order");
  const outcome = await fleet.say("admin", statement);
  assertEquals(outcome, { do: "revoke", fingerprint: "044f3d5c" });
  assertEquals(told(await fleet.say("admin", statement)), "nothing");
});

Deno.test("a network is allowed by the administrator alone, for what is left, and the last order counts", async () => {
  const fleet = new Fleet();
  const allow = (network: string, seconds = 3600) =>
    ({ verb: "order", order: { do: "allow", network, seconds } }) as const;
  const home = "198.51.100.0/24";
  assertEquals(told(await fleet.say("web2", allow(home))), "order");
  const outcome = await fleet.say("admin", allow(home), 600_000);
  const address = { family: 4, text: home } as const;
  assertEquals(outcome, { do: "allow", address, until: NOW + 3_000_000 });
  await fleet.say("admin", allow(home, 60));
  assertEquals(fleet.allowances.list(), [{ address, until: NOW + 60_000 }]);
  // Also one that comes late ends what an earlier one allowed.
  assertEquals(told(await fleet.say("admin", allow(home, 1), 5000)), "nothing");
  assertEquals(fleet.allowances.takeOver(NOW), [address]);
  assertEquals(told(await fleet.say("admin", allow(home), 3_600_000)), "expired");
  for (const wrong of ["198.0.0.0/8", "198.51.100.7/24", "2001:db8::/31", "10.0.0.0/24", "::/64"]) {
    assertEquals(told(await fleet.say("admin", allow(wrong))), "address", wrong);
  }
  const more = Array.from({ length: 256 }, (_, i) => `203.0.113.${i}`);
  const all = [];
  for (const each of more) all.push(told(await fleet.say("admin", allow(each))));
  assertEquals(all.every((each) => each === "allow"), true);
  assertEquals(told(await fleet.say("admin", allow(home))), "full");
});

Deno.test("after a start lines of the last 15 minutes are taken again, and older ones are not", () => {
  const before = new Sequences(NOW);
  before.take("web2", 5, NOW);
  before.take("web2", 6, NOW + 600_000);
  before.take("web2", 7, NOW + 1_000_000);
  const later = NOW + 1_500_000;
  const after = new Sequences(later, before.saved(later));
  assertEquals([5, 6, 7].map((each) => after.isNew("web2", each)), [false, true, true]);
  const muchLater = new Sequences(NOW + 10_000_000, before.saved(later));
  assertEquals(muchLater.isNew("web2", 7), false);
});

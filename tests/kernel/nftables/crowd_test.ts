import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { openWindow, policy } from "../../firewall/nftables/sample.ts";
import { nftablesTest } from "../lab.ts";
import { NftWorld } from "./world.ts";

const address = (text: string) => ({ family: text.includes(":") ? 6 : 4, text });

const FLOODER = fromFileUrl(new URL("../bans/flooder.ts", import.meta.url));
/** As many hits are noted at most until they are read. */
const NOTES = 16_384;

/** Addresses that nobody here has. */
function crowd(count: number): string[] {
  return Array.from(
    { length: count },
    (_, i) => `198.${18 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`,
  );
}

nftablesTest(
  "sets that are full go on banning, and strangers meet no service until there is room",
  async () => {
    await using world = await NftWorld.create({
      capacity: 8,
      peers: ["user", "attacker", "trusted"],
    });
    const { engine, lab } = world;
    await engine.call("load", policy(), [openWindow()]);
    await engine.call("trust", [{ address: address(lab.peer("trusted").address4), seconds: 600 }]);
    const bans = crowd(16).map((text) => ({ address: address(text), seconds: 600 }));
    assertEquals(await engine.call("ban", bans.slice(0, 8)), []);
    assertEquals(await engine.call("ban", bans.slice(8)), []);
    assertEquals((await engine.call("bans", 100)).length, 16);
    // Both sets are full, and nobody has looked.
    assertEquals(await world.meets(lab.attacker, 5000), "tarpit");
    for (const stranger of [lab.attacker, lab.user]) {
      assertEquals(await world.meets(stranger, 4000), "tarpit");
    }
    assertEquals(await world.meets(lab.peer("trusted"), 4000), "service");
    // Then there is room, at the price of the oldest.
    await engine.call("look");
    assertEquals(await world.meets(lab.user, 4000), "service");
    assertEquals(await world.meets(lab.attacker, 5000), "tarpit");
    assertEquals(await world.meets(lab.attacker, 4000), "refused");
    const left = (await engine.call("bans", 100)).map((
      { address: { text } }: { address: { text: string } },
    ) => text);
    assertEquals(new Set(left), new Set([...crowd(16).slice(8), lab.attacker.address4]));
  },
);

nftablesTest("a ban that finds both sets full takes the place of the oldest", async () => {
  await using world = await NftWorld.create({ capacity: 8, peers: ["user"] });
  const { engine } = world;
  await engine.call("load", policy(), [openWindow()]);
  for (const text of crowd(26)) {
    assertEquals(await engine.call("ban", [{ address: address(text), seconds: 600 }]), []);
    const bans: { address: { text: string } }[] = await engine.call("bans", 100);
    assert(bans.some((ban) => ban.address.text === text), text);
    assert(bans.length <= 16);
  }
});

nftablesTest("many bans are not listed, and all else goes on", async () => {
  await using world = await NftWorld.create({ peers: ["user", "attacker"] });
  const { engine, lab } = world;
  await engine.call("load", policy(), [openWindow()]);
  const bans = crowd(60_000).map((text) => ({ address: address(text), seconds: 600 }));
  assertEquals(await engine.call("ban", bans), []);
  assertEquals([await engine.call("bans", 1e6), await engine.call("countBans")], [null, null]);
  for (let i = 0; i < 20; i++) {
    assertEquals((await engine.call("look")).intact, true);
    assertEquals([await engine.call("bans", 1e6), await engine.call("countBans")], [null, null]);
  }
  assertEquals(await engine.call("drift"), []);
  assertEquals(await world.meets(lab.attacker, 5000), "tarpit");
  assertEquals(await world.meets(lab.attacker, 4000), "refused");
  await engine.call("unbanAll");
  assertEquals(await engine.call("bans", 10), []);
  assertEquals(await world.meets(lab.attacker, 4000), "service");
});

nftablesTest("of networks that overlap one can go, and the others stay", async () => {
  await using world = await NftWorld.create({ peers: ["user", "attacker"] });
  const { engine, lab } = world;
  await engine.call("load", policy(), [openWindow()]);
  const networks = [
    "10.77.0.0/16",
    "10.77.1.0/24",
    "10.77.1.1",
    "10.77.2.0/25",
    "fd77::/16",
    "fd77:0:0:1::/64",
  ];
  assertEquals(await engine.call("allow", networks.map(address)), []);
  assertEquals(await engine.call("allow", networks.map(address)), []);
  const texts = async () =>
    (await engine.call("allowed")).map(({ text }: { text: string }) => text).sort();
  assertEquals(await texts(), [...networks].sort());
  await engine.call(
    "disallow",
    ["10.77.0.0/16", "fd77::/16", "10.77.2.0/25", "192.0.2.0/24"].map(address),
  );
  assertEquals(await texts(), ["10.77.1.0/24", "10.77.1.1", "fd77:0:0:1::/64"]);
  for (const family of [4, 6] as const) {
    for (const peer of [lab.user, lab.attacker]) {
      assertEquals(await world.meets(peer, 5000, family), "tarpit");
    }
    assertEquals(await world.meets(lab.user, 4000, family), "service");
    assertEquals(await world.meets(lab.attacker, 4000, family), "refused");
  }
});

nftablesTest("tens of thousands of allowed networks are taken, told and ended", async () => {
  await using world = await NftWorld.create({ peers: [] });
  const { engine } = world;
  await engine.call("load", policy(), [openWindow()]);
  const networks = crowd(20_000).map((text) => address(text));
  assertEquals(await engine.call("allow", networks), []);
  assertEquals((await engine.call("allowed")).length, 20_000);
  await engine.call("disallow", networks.slice(1));
  assertEquals(await engine.call("allowed"), [networks[0]]);
});

nftablesTest(
  "a flood of hits makes no set larger than it may be, and is read meanwhile",
  async () => {
    await using world = await NftWorld.create();
    const { engine, lab } = world;
    await engine.call("load", policy({ trigger: "handshake" }), [openWindow()]);
    await lab.addRange(lab.attacker, "10.128.0.0/9");
    // Full before the first look: what is removed then is removed while packets add to it.
    const flood = lab.attacker.spawn(Deno.execPath(), [
      ...["run", "--no-prompt", "-A", FLOODER],
      ...[lab.server.address4, "5000", "10.130.0.0", "400000"],
    ]);
    let isOver = false;
    const ended = flood.status.then(({ success }) => {
      isOver = true;
      return success;
    });
    const noted = "nft list set inet c3po hit4 | grep -o expires | wc -l";
    const sizes: number[] = [];
    let read = 0;
    while (!isOver) {
      sizes.push(Number(await lab.server.must("sh", ["-c", noted])));
      read += (await engine.call("look")).hits.length;
    }
    assert(await ended);
    assert(Math.max(...sizes) <= NOTES, `${sizes}`);
    assert(read > NOTES, `${read} were read`);
  },
);

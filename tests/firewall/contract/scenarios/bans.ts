import { assert, assertEquals } from "@std/assert";
import type { Ban } from "../../../../src/firewall/firewall.ts";
import type { Scenario, World } from "../world.ts";
import { DOOR, isShutOut, listBans, load, strangers, TRAP, unit } from "./common.ts";

async function ban(
  world: World,
  sources: readonly string[],
  seconds: number | null,
): Promise<void> {
  const bans = sources.map((source) => ({ address: unit(source), seconds }));
  assertEquals(await world.firewall.ban(bans), []);
}

async function remaining(world: World): Promise<Map<string, number | null>> {
  const bans = await listBans(world);
  return new Map(bans.map(({ address, seconds }) => [address.text, seconds]));
}

/** That some addresses are refused, and nobody beside them. */
async function refusedAlone(world: World, texts: readonly string[]): Promise<void> {
  await load(world);
  const refused = texts.map(unit);
  const [first, last] = [strangers(world), strangers(world)];
  const entries = [...first.map(unit), ...refused, ...last.map(unit)];
  for (const method of ["trust", "ban"] as const) {
    const refusals = await world.firewall[method](
      entries.map((address) => ({ address, seconds: 600 })),
    );
    const named = refusals.map(({ address }) => address.text);
    assertEquals(new Set(named), new Set(refused.map(({ text }) => text)), method);
    assert(refusals.every(({ reason }) => reason !== ""));
  }
  for (const source of [...first, ...last]) {
    assertEquals(await isShutOut(world, source), true, source);
  }
  for (const source of strangers(world)) {
    assertEquals(await world.connect(source, DOOR), "service ssh");
  }
}

export const BANS: readonly Scenario[] = [
  {
    name: "a ban shuts out at once, for its time",
    run: async (world) => {
      await load(world);
      const sources = strangers(world);
      await ban(world, sources, 6); // a busy machine takes seconds to ask
      const ended = world.seconds() + 7.5;
      for (const source of sources) assertEquals(await isShutOut(world, source), true);
      await world.until(ended);
      for (const source of sources) assertEquals(await isShutOut(world, source), false);
    },
  },
  {
    name: "a ban that is there gets the new time, longer or shorter",
    run: async (world) => {
      await load(world);
      const sources = strangers(world);
      for (const seconds of [600, 3000, 900]) {
        await ban(world, sources, seconds);
        for (const left of (await remaining(world)).values()) {
          assert(left! <= seconds && left! > seconds - 60, `${left} of ${seconds}`);
        }
      }
      await ban(world, sources, null);
      assertEquals([...(await remaining(world)).values()], [null, null]);
      await ban(world, sources, 600);
      for (const left of (await remaining(world)).values()) assert(left !== null && left <= 600);
    },
  },
  {
    name: "bans of the kernel and bans of the daemon get new times alike",
    run: async (world) => {
      await load(world);
      const sources = strangers(world);
      for (const source of sources) await world.forge(source, TRAP);
      await ban(world, sources, 86_400);
      for (const left of (await remaining(world)).values()) assert(left! > 86_300, `${left}`);
    },
  },
  {
    name: "bans are listed, counted, and not listed where there are more than asked for",
    run: async (world) => {
      await load(world);
      const bans: Ban[] = Array.from({ length: 6000 }, (_, i) => ({
        address: unit(world.stranger(i % 3 === 0 ? 6 : 4)),
        seconds: 600,
      }));
      assertEquals(await world.firewall.ban(bans), []);
      assertEquals(
        new Set((await remaining(world)).keys()),
        new Set(bans.map((each) => each.address.text)),
      );
      assertEquals(await world.firewall.bans(100), null);
      const parts = await world.firewall.everyBan();
      if (parts !== null) {
        const all = (await Array.fromAsync(parts)).flat().map(({ address }) => address.text);
        assertEquals(all.sort(), bans.map(({ address }) => address.text).sort());
      }
      const count = await world.firewall.countBans();
      if (count !== null) assertEquals(count, { 4: 4000, 6: 2000 });
    },
  },
  {
    name: "bans end one by one, and all at once",
    run: async (world) => {
      await load(world);
      const sources = [...strangers(world), ...strangers(world)];
      await ban(world, sources, 600);
      // Of one there is none.
      await world.firewall.unban(
        [...sources.slice(0, 2), world.stranger(4), world.stranger(6)].map(unit),
      );
      const shut: boolean[] = [];
      for (const source of sources) shut.push(await isShutOut(world, source));
      assertEquals(shut, [false, false, true, true]);
      await world.firewall.unbanAll();
      for (const source of sources) assertEquals(await isShutOut(world, source), false);
      assertEquals((await remaining(world)).size, 0);
    },
  },
  {
    name: "what no set of the kernel holds is refused alone",
    run: (world) => refusedAlone(world, ["0.0.0.0", "::"]),
  },
  {
    name: "loopback, multicast and what is nobody's is refused alone",
    run: (world) =>
      refusedAlone(world, ["0.1.2.3", "127.0.0.1", "224.0.0.1", "255.255.255.255", "ff02::1"]),
  },
  {
    name: "a ban before any rules holds once they are loaded",
    run: async (world) => {
      const sources = strangers(world);
      await ban(world, sources, 600);
      assertEquals((await remaining(world)).size, 2);
      assertEquals(await world.firewall.isLoaded(), false);
      await load(world);
      for (const source of sources) assertEquals(await isShutOut(world, source), true);
    },
  },
  {
    name: "nothing to do is no error",
    run: async (world) => {
      const { firewall } = world;
      for (let i = 0; i < 2; i++) {
        assertEquals(await firewall.ban([]), []);
        assertEquals(await firewall.trust([]), []);
        assertEquals(await firewall.allow([]), []);
        await firewall.unban([]);
        await firewall.unban(strangers(world).map(unit));
        await firewall.disallow([]);
        await firewall.unbanAll();
        await firewall.distrustAll();
        assertEquals(await listBans(world), []);
        assertEquals(await firewall.allowed(), []);
        await load(world);
      }
    },
  },
];

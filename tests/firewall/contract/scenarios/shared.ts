import { assertEquals } from "@std/assert";
import type { Scenario, World } from "../world.ts";
import {
  CLOSED,
  DOOR,
  isShutOut,
  listBans,
  load,
  notesNothing,
  strangers,
  TRAP,
  unit,
  WEB_DOOR,
} from "./common.ts";

/** Other servers report some addresses. */
async function report(world: World, sources: readonly string[], seconds = 600): Promise<void> {
  const bans = sources.map((source) => ({ address: unit(source), seconds }));
  assertEquals(await world.firewall.banShared(bans), []);
}

async function shut(world: World, sources: readonly string[]): Promise<boolean[]> {
  const each: boolean[] = [];
  for (const source of sources) each.push(await isShutOut(world, source));
  return each;
}

export const SHARED: readonly Scenario[] = [
  {
    name: "what other servers reported reaches no service and no trap, for its time",
    run: async (world) => {
      await load(world, { shares: true });
      const [sources, lasting] = [strangers(world), strangers(world)];
      await report(world, sources, 6);
      await report(world, lasting);
      const ended = world.seconds() + 7.5;
      for (const source of [...sources, ...lasting]) {
        assertEquals(await world.connect(source, DOOR), "refused");
        assertEquals(await world.connect(source, WEB_DOOR), "refused");
        assertEquals(await world.connect(source, TRAP), "refused");
      }
      await notesNothing(world);
      await world.until(ended);
      assertEquals(await shut(world, [...sources, ...lasting]), [false, false, true, true]);
    },
  },
  {
    name: "an address that is allowed or trusted is not shut out by what other servers reported",
    run: async (world) => {
      await load(world, { shares: true });
      const [allowed, trusted] = [strangers(world), strangers(world)];
      await world.firewall.allow(allowed.map(unit));
      await world.firewall.trust(trusted.map((each) => ({ address: unit(each), seconds: 600 })));
      await report(world, [...allowed, ...trusted]);
      assertEquals(await shut(world, [...allowed, ...trusted]), [false, false, false, false]);
      await world.firewall.distrustAll();
      assertEquals(await shut(world, [...allowed, ...trusted]), [false, false, true, true]);
    },
  },
  {
    name:
      "what other servers reported loses services alone, whatever the scope, and keeps sessions",
    run: async (world) => {
      await load(world, { shares: true, scope: "all" });
      await world.listen(CLOSED);
      for (const source of strangers(world)) {
        const session = await world.openSession(source, DOOR);
        await report(world, [source]);
        assertEquals(await world.connect(source, CLOSED), "listener");
        assertEquals(await world.connect(source, DOOR), "refused");
        assertEquals(await session.isAlive(), true);
      }
    },
  },
  {
    name: "shared bans are kept apart from a server's own",
    run: async (world) => {
      await load(world, { shares: true });
      const [own, shared, both] = [strangers(world), strangers(world), strangers(world)];
      const entries = [...own, ...both].map((source) => ({ address: unit(source), seconds: 600 }));
      await world.firewall.ban(entries);
      await report(world, [...shared, ...both]);
      const listed = (await listBans(world)).map(({ address }) => address.text).sort();
      assertEquals(listed, [...own, ...both].map((source) => unit(source).text).sort());
      await world.firewall.unbanShared([...own, ...shared, ...both].map(unit));
      assertEquals(await shut(world, shared), [false, false]);
      assertEquals(await shut(world, [...own, ...both]), [true, true, true, true]);
      await report(world, both);
      await world.firewall.unban(both.map(unit));
      assertEquals(await shut(world, both), [false, false]);
      await report(world, shared);
      await world.firewall.unbanAll();
      assertEquals(await shut(world, [...own, ...shared]), [false, false, false, false]);
    },
  },
  {
    name: "what cannot be banned is refused alone, and nothing to do is no error",
    run: async (world) => {
      assertEquals(await world.firewall.banShared([]), []);
      await world.firewall.unbanShared(strangers(world).map(unit));
      await load(world, { shares: true });
      const sources = strangers(world);
      const bans = [...sources, "0.1.2.3", "ff02::1"].map((each) => ({
        address: unit(each),
        seconds: 600,
      }));
      const refused = (await world.firewall.banShared(bans)).map(({ address }) => address.text);
      assertEquals(refused.sort(), ["0.1.2.3", "ff02::/64"]);
      assertEquals(await shut(world, sources), [true, true]);
    },
  },
  {
    name: "without sharing nothing looks at what other servers reported",
    run: async (world) => {
      await load(world);
      const sources = strangers(world);
      await report(world, sources);
      assertEquals(await shut(world, sources), [false, false]);
      await load(world, { shares: true });
      assertEquals(await shut(world, sources), [true, true]);
    },
  },
];

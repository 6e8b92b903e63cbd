import { assertEquals } from "@std/assert";
import type { Scenario, World } from "../world.ts";
import { DOOR, load, notesNothing, strangers, touches, WEB_DOOR } from "./common.ts";

/** Who came, as the engine tells it. */
async function arrivals(world: World): Promise<string[]> {
  const { arrivals, hits, intact } = await world.firewall.look();
  assertEquals([touches(hits), intact], [[], true]);
  return touches(arrivals);
}

export const ARRIVALS: readonly Scenario[] = [
  {
    name: "who completes a connection through a door is told of, with the port of the door",
    run: async (world) => {
      await load(world);
      await notesNothing(world);
      const sources = strangers(world);
      for (const source of sources) {
        assertEquals(await world.connect(source, DOOR), "service ssh");
        assertEquals(await world.connect(source, WEB_DOOR), "service web");
      }
      const expected = sources.flatMap((source) => [`${source} ${DOOR}`, `${source} ${WEB_DOOR}`]);
      assertEquals(await arrivals(world), expected.sort());
      await notesNothing(world);
    },
  },
  {
    name: "a packet to a door that completes nothing is no arrival",
    run: async (world) => {
      await load(world);
      for (const source of strangers(world)) await world.forge(source, DOOR);
      await notesNothing(world);
    },
  },
  {
    name: "of one connection an arrival is told once, however long it lasts, and of the next again",
    run: async (world) => {
      await load(world);
      for (const source of strangers(world)) {
        const session = await world.openSession(source, DOOR);
        assertEquals(await arrivals(world), [`${source} ${DOOR}`]);
        for (let i = 0; i < 3; i++) assertEquals(await session.isAlive(), true);
        await notesNothing(world);
        assertEquals(await world.connect(source, DOOR), "service ssh");
        assertEquals(await arrivals(world), [`${source} ${DOOR}`]);
      }
    },
  },
];

import { assertEquals } from "@std/assert";
import type { Scenario } from "../world.ts";
import { DOOR, load, meets, notesNothing, strangers, touches, TRAP, WEB_DOOR } from "./common.ts";

export const CLAIMS: readonly Scenario[] = [
  {
    name: "a door that is claimed belongs to the first address, and is closed for every other",
    run: async (world) => {
      await load(world, { claimSeconds: 90 });
      const [first, second] = [world.stranger(4), world.stranger(4)];
      const six = world.stranger(6);
      for (let i = 0; i < 2; i++) {
        assertEquals(await world.connect(first, DOOR), "service ssh");
        for (const other of [second, six]) {
          assertEquals(await world.connect(other, DOOR), "refused");
        }
      }
      const { arrivals, hits } = await world.firewall.look();
      assertEquals([touches(arrivals), hits], [[`${first} ${DOOR}`], []]);
      // It is of that door alone that the others were too late.
      assertEquals(await world.connect(six, WEB_DOOR), "service web");
      assertEquals(await meets(world, first, [WEB_DOOR, DOOR]), ["refused", "service ssh"]);
      assertEquals(await meets(world, second, [WEB_DOOR, TRAP]), ["refused", "tarpit"]);
    },
  },
  {
    name: "a packet that completes nothing claims a door too, and the claim ends by itself",
    run: async (world) => {
      await load(world, { claimSeconds: 6 });
      const [first, second] = strangers(world);
      await world.forge(first!, DOOR);
      assertEquals(await world.connect(second!, DOOR), "refused");
      await world.until(world.seconds() + 7);
      assertEquals(await world.connect(second!, DOOR), "service ssh");
      assertEquals(await world.connect(first!, DOOR), "refused");
    },
  },
  {
    name: "unless it is wanted no door is claimed",
    run: async (world) => {
      await load(world);
      for (const source of strangers(world)) await world.forge(source, DOOR);
      await notesNothing(world);
      for (const source of strangers(world)) {
        assertEquals(await world.connect(source, DOOR), "service ssh");
      }
    },
  },
];

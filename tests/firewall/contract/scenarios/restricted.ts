import { assertEquals } from "@std/assert";
import { parseCidr } from "../../../../src/os/address.ts";
import type { Scenario } from "../world.ts";
import { DOOR, door, isShutOut, meets, openWindow, policy, strangers } from "./common.ts";

/** A door that is open from some addresses alone. */
const OFFICE = DOOR + 7;

export const RESTRICTED: readonly Scenario[] = [
  {
    name:
      "a door that is open from some networks leads them to its service, and is a trap for others",
    run: async (world) => {
      const [inside, outside] = [strangers(world), strangers(world)];
      const from = inside.map(parseCidr);
      const doors = [door(DOOR), { ...door(OFFICE), from }];
      await world.firewall.load(policy(), [openWindow(world, { doors, traps: [OFFICE] })]);
      for (const source of inside) {
        assertEquals(await meets(world, source, [OFFICE, DOOR]), ["service ssh", "service ssh"]);
      }
      for (const source of outside) {
        assertEquals(await meets(world, source, [DOOR, OFFICE]), ["service ssh", "tarpit"]);
        assertEquals(await isShutOut(world, source), true);
      }
      const { arrivals, hits } = await world.firewall.look();
      const at = (touches: typeof arrivals): string[] =>
        touches.filter(({ port }) => port === OFFICE).map(({ source }) => source.text).sort();
      assertEquals([at(arrivals), at(hits)], [inside.toSorted(), outside.toSorted()]);
    },
  },
  {
    name: "a port that one user has from some networks and another from anywhere is open to all",
    run: async (world) => {
      const [inside, outside] = strangers(world);
      const from = [parseCidr(inside!)];
      const doors = [{ ...door(DOOR, "ssh", "alice"), from }, door(DOOR, "ssh", "bob")];
      await world.firewall.load(policy(), [openWindow(world, { doors })]);
      for (const source of [inside!, outside!]) {
        assertEquals(await world.connect(source, DOOR), "service ssh");
      }
    },
  },
  {
    name: "networks of a door that lie within each other are all let in",
    run: async (world) => {
      const inside = strangers(world);
      const from = inside.flatMap((source) => [
        parseCidr(source),
        parseCidr(`${source}/${source.includes(":") ? 64 : 24}`),
      ]);
      const doors = [{ ...door(OFFICE), from }];
      await world.firewall.load(policy(), [openWindow(world, { doors, traps: [OFFICE] })]);
      for (const source of inside) {
        assertEquals(await world.connect(source, OFFICE), "service ssh");
      }
    },
  },
];

import { assert, assertEquals } from "@std/assert";
import { parseBannedNetwork } from "../../../../src/os/address.ts";
import type { Scenario, World } from "../world.ts";
import {
  BAN_SECONDS,
  CLOSED,
  DOOR,
  isShutOut,
  listBans,
  load,
  strangers,
  TRAP,
  unit,
  WEB_DOOR,
} from "./common.ts";

/** Two addresses of one /56, and one of another in the same /48: in every world these reach the server. */
const [HERE, BESIDE, ELSEWHERE] = [
  "fd78:0:0:a01::1",
  "fd78:0:0:a02::1",
  "fd78:0:0:b01::1",
] as const;
const [NARROW, WIDE] = ["fd78:0:0:a00::/56", "fd78::/48"].map(parseBannedNetwork) as [
  ReturnType<typeof parseBannedNetwork>,
  ReturnType<typeof parseBannedNetwork>,
];

async function ban(world: World, address: typeof NARROW, seconds: number | null): Promise<void> {
  assertEquals(await world.firewall.ban([{ address, seconds }]), []);
}

async function shut(world: World, sources = [HERE, BESIDE, ELSEWHERE]): Promise<boolean[]> {
  const each: boolean[] = [];
  for (const source of sources) each.push(await isShutOut(world, source));
  return each;
}

export const NETWORKS: readonly Scenario[] = [
  {
    name: "a /56 or a /48 is shut out whole, for its time, and no other",
    run: async (world) => {
      await load(world);
      const [ipv4] = strangers(world);
      await ban(world, NARROW, 6);
      const ended = world.seconds() + 7.5;
      for (const port of [DOOR, WEB_DOOR, TRAP]) {
        assertEquals(await world.connect(HERE, port), "refused");
      }
      assertEquals(await shut(world), [true, true, false]);
      await world.until(ended);
      assertEquals(await shut(world), [false, false, false]);
      await ban(world, WIDE, 600);
      assertEquals(await shut(world), [true, true, true]);
      assertEquals(await isShutOut(world, ipv4!), false);
    },
  },
  {
    name: "who is allowed or trusted is not shut out with the network around it",
    run: async (world) => {
      await load(world);
      await world.firewall.allow([unit(HERE)]);
      await world.firewall.trust([{ address: unit(BESIDE), seconds: 600 }]);
      for (const network of [NARROW, WIDE]) {
        await ban(world, network, 600);
        assertEquals(await shut(world), [false, false, network === WIDE]);
      }
      await ban(world, unit(BESIDE), 600);
      assertEquals(await shut(world), [false, true, true]);
    },
  },
  {
    name: "a network that is shut out loses services alone, whatever the scope, and keeps sessions",
    run: async (world) => {
      await load(world, { scope: "all" });
      await world.listen(CLOSED);
      const session = await world.openSession(HERE, DOOR);
      await ban(world, NARROW, 600);
      assertEquals(await world.connect(HERE, CLOSED), "listener");
      assertEquals(await world.connect(HERE, DOOR), "refused");
      assertEquals(await session.isAlive(), true);
    },
  },
  {
    name: "bans of networks are listed, counted, made longer, and end, each for itself",
    run: async (world) => {
      await ban(world, NARROW, 600); // before any rules
      await load(world);
      await ban(world, WIDE, null);
      await ban(world, NARROW, 3000);
      for (const source of [HERE, ELSEWHERE]) await ban(world, unit(source), 600);
      const listed = new Map(
        (await listBans(world)).map(({ address, seconds }) => [address.text, seconds]),
      );
      const all = [NARROW, WIDE, unit(HERE), unit(ELSEWHERE)].map(({ text }) => text);
      assertEquals([...listed.keys()].sort(), all.sort());
      assertEquals(listed.get(WIDE.text), null);
      assert(listed.get(NARROW.text)! > BAN_SECONDS);
      assertEquals(await world.firewall.countBans() ?? { 4: 0, 6: 4 }, { 4: 0, 6: 4 });
      await world.firewall.unban([WIDE, unit(ELSEWHERE)]);
      assertEquals(await shut(world), [true, true, false]);
      await world.firewall.unban([NARROW]);
      assertEquals(await shut(world), [true, false, false]);
      await ban(world, WIDE, 600);
      await world.firewall.unbanAll();
      assertEquals(await shut(world), [false, false, false]);
      assertEquals(await listBans(world), []);
    },
  },
  {
    name: "a network that is nobody's is refused alone",
    run: async (world) => {
      await load(world);
      const bans = ["::/56", "ff02::/48", NARROW.text].map((text) => ({
        address: parseBannedNetwork(text),
        seconds: 600,
      }));
      const refused = (await world.firewall.ban(bans)).map(({ address }) => address.text);
      assertEquals(refused.sort(), ["::/56", "ff02::/48"]);
      assertEquals(await shut(world), [true, true, false]);
    },
  },
  {
    name: "networks that are shut out outlive another load and the end of the process",
    run: async (world) => {
      await load(world);
      await ban(world, NARROW, 600);
      await load(world);
      assertEquals(await shut(world), [true, true, false]);
      await world.die();
      assertEquals(await world.firewall.adopt(), true);
      assertEquals(await shut(world), [true, true, false]);
      await load(world);
      assertEquals(await shut(world), [true, true, false]);
    },
  },
];

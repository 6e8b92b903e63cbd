import { assert, assertEquals } from "@std/assert";
import { parseCidr } from "../../../../src/os/address.ts";
import { type Scenario, SSH_PORT, WEB_PORT } from "../world.ts";
import {
  DOOR,
  isShutOut,
  load,
  meets,
  openWindow,
  policy,
  strangers,
  TRAP,
  unit,
  WEB_DOOR,
} from "./common.ts";

export const LIFECYCLE: readonly Scenario[] = [
  {
    name: "the engine is satisfied with this machine, and to look changes nothing",
    run: async (world) => {
      const before = await world.listing();
      const { versions, families } = await world.firewall.examine();
      assert(versions !== "");
      assertEquals([...families].sort(), [4, 6]);
      assertEquals(await world.firewall.isLoaded(), false);
      const { ports } = await world.firewall.forwards();
      assertEquals(ports.size, 0);
      assertEquals(await world.firewall.obstacles(policy()), []);
      assertEquals(await world.listing(), before);
    },
  },
  {
    name: "loading twice equals loading once",
    run: async (world) => {
      const windows = [openWindow(world)];
      await world.firewall.load(policy(), windows);
      const once = await world.listing();
      await world.firewall.load(policy(), windows);
      assertEquals(await world.listing(), once);
      // An engine may have two places for windows, and use them by turns.
      for (let i = 0; i < 2; i++) await world.firewall.open(windows);
      assertEquals(await world.listing(), once);
      assertEquals(await world.firewall.drift(), []);
      assertEquals(await world.firewall.isLoaded(), true);
    },
  },
  {
    name: "bans, trust and allowed networks outlive new rules and new windows",
    run: async (world) => {
      await load(world);
      const banned = strangers(world);
      const trusted = strangers(world);
      for (const source of banned) await world.forge(source, TRAP);
      await world.firewall.trust(trusted.map((text) => ({ address: unit(text), seconds: 600 })));
      const network = parseCidr("192.0.2.0/24");
      await world.firewall.allow([network]);
      await load(world, { banSeconds: 60, tarpitPort: 61_024 });
      await world.firewall.open([openWindow(world, { minute: 7 })]);
      for (const source of banned) assertEquals(await isShutOut(world, source), true);
      for (const source of trusted) {
        await world.forge(source, TRAP);
        assertEquals(await isShutOut(world, source), false);
      }
      assertEquals(await world.firewall.allowed(), [network]);
    },
  },
  {
    name: "other rules take the place of those that are there",
    run: async (world) => {
      await load(world);
      await world.listen(7000);
      const [banned] = strangers(world);
      await world.forge(banned!, TRAP);
      assertEquals(await world.connect(banned!, 7000), "listener");
      const services = [{ name: "ssh", port: SSH_PORT, hidden: false, fail: "open" }] as const;
      const doors = [{ service: "ssh", port: DOOR + 1, user: "default" }];
      const window = openWindow(world, { doors });
      await world.firewall.load(policy({ services, scope: "all" }), [window]);
      assertEquals(await world.connect(banned!, 7000), "silence");
      for (const source of strangers(world)) {
        const ports = [SSH_PORT, DOOR, DOOR + 1, WEB_DOOR, WEB_PORT];
        assertEquals(await meets(world, source, ports), [
          "service ssh",
          "refused",
          "service ssh",
          "refused",
          "service web",
        ]);
      }
    },
  },
  {
    name: "when the process dies, rules go on, and the next one finds them and the bans",
    run: async (world) => {
      assertEquals(await world.firewall.adopt(), false);
      await load(world);
      const sources = strangers(world);
      for (const source of sources) await world.forge(source, TRAP);
      await world.die();
      const [four, six] = strangers(world);
      for (const source of [four!, six!]) {
        assertEquals(await meets(world, source, [DOOR, TRAP]), ["service ssh", "tarpit"]);
      }
      assertEquals(await world.firewall.adopt(), true);
      assertEquals(await world.firewall.isLoaded(), true);
      await load(world);
      assertEquals(await world.firewall.drift(), []);
      for (const source of [...sources, four!, six!]) {
        assertEquals(await isShutOut(world, source), true);
      }
      assertEquals((await world.firewall.look()).hits.length, 4);
    },
  },
  {
    name: "rules that another tool removed are missed, and are back when they are loaded again",
    run: async (world) => {
      await load(world);
      const { firewall } = world;
      assertEquals([await firewall.drift(), (await firewall.look()).intact], [[], true]);
      await world.flush();
      const [source] = strangers(world);
      assertEquals(await meets(world, source!, [SSH_PORT, DOOR]), ["service ssh", "refused"]);
      assert((await firewall.drift()).length > 0);
      assertEquals((await firewall.look()).intact, false);
      await load(world);
      assertEquals([await firewall.drift(), (await firewall.look()).intact], [[], true]);
      for (const each of strangers(world)) {
        const answers = await meets(world, each, [SSH_PORT, DOOR, TRAP, DOOR]);
        assertEquals(answers, ["silence", "service ssh", "tarpit", "refused"]);
      }
    },
  },
  {
    name: "a watch tells that another tool changed rules, until it is called off",
    run: async (world) => {
      await load(world);
      const end = new AbortController();
      let isTold = false;
      let isOver = false; // at once, where nothing tells
      const watching = world.firewall.watch(() => isTold = true, end.signal)
        .then(() => isOver = true);
      try {
        // An engine that looks from time to time spares a busy machine.
        const deadline = world.seconds() + 240;
        while (!isTold && !isOver && world.seconds() < deadline) {
          await world.flush();
          await load(world);
          await world.until(world.seconds() + 0.2);
        }
        assert(isTold || isOver);
      } finally {
        end.abort();
        await watching;
      }
    },
  },
  {
    name: "removal leaves nothing, whatever was there",
    run: async (world) => {
      const before = await world.listing();
      await load(world, { scope: "all" });
      for (const source of strangers(world)) await meets(world, source, [DOOR, TRAP]);
      const [trusted] = strangers(world);
      await world.firewall.trust([{ address: unit(trusted!), seconds: 600 }]);
      await world.firewall.allow([parseCidr("192.0.2.0/24"), parseCidr("2001:db8::/32")]);
      await world.firewall.remove();
      assertEquals(await world.listing(), before);
      assertEquals(await world.firewall.isLoaded(), false);
      assertEquals(await world.connect(trusted!, SSH_PORT), "service ssh");
      await world.firewall.remove();
      assertEquals(await world.firewall.adopt(), false);
      assertEquals(await world.listing(), before);
    },
  },
  {
    name: "removal by another process, and of what another tool left, leaves nothing",
    run: async (world) => {
      const before = await world.listing();
      await load(world);
      await world.flush();
      await world.die();
      await world.firewall.remove();
      assertEquals(await world.listing(), before);
      await load(world);
      await world.die();
      await world.firewall.remove();
      assertEquals(await world.listing(), before);
    },
  },
];

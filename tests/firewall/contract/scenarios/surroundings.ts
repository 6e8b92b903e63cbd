import { assert, assertEquals } from "@std/assert";
import { FAMILIES } from "../../../../src/os/address.ts";
import { type Answer, type Scenario, SSH_PORT, WEB_PORT } from "../world.ts";
import { DOOR, load, meets, policy, strangers, TRAP } from "./common.ts";

const LISTENER = 7000;

/** What is none of C3PO's business, and rules of others that have a say in what is. */
export const SURROUNDINGS: readonly Scenario[] = [
  {
    name: "what this machine sends itself is left alone",
    run: async (world) => {
      await load(world);
      for (const family of FAMILIES) {
        await world.firewall.look();
        const twice = (answer: Answer): Answer[] => [answer, answer];
        assertEquals(await world.connectInside(SSH_PORT, family), twice("service ssh"));
        assertEquals(await world.connectInside(WEB_PORT, family), twice("service web"));
        for (const port of [DOOR, TRAP]) {
          assertEquals(await world.connectInside(port, family), twice("refused"));
        }
        const { hits, arrivals } = await world.firewall.look();
        assertEquals([hits, arrivals], [[], []]);
      }
    },
  },
  {
    name: "what this machine forwards is left alone, whoever sends it",
    run: async (world) => {
      await load(world, { scope: "all" });
      for (const source of strangers(world)) {
        for (const port of [SSH_PORT, DOOR, TRAP]) {
          assertEquals(await world.connectThrough(source, port), "listener");
        }
        assertEquals(await world.connect(source, TRAP), "tarpit");
        assertEquals(await world.connectThrough(source, DOOR), "listener");
      }
    },
  },
  {
    name: "whom another rule shuts out from SSH, no door lets in",
    run: async (world) => {
      const sources = strangers(world);
      for (const source of sources) await world.deny(source);
      await load(world);
      for (const source of sources) assertEquals(await world.connect(source, DOOR), "silence");
      for (const source of strangers(world)) {
        assertEquals(await world.connect(source, DOOR), "service ssh");
      }
    },
  },
  {
    name: "a port that another rule forwards is no trap and no door, and is named",
    run: async (world) => {
      await world.listen(LISTENER);
      await world.forward(TRAP, LISTENER);
      await load(world);
      for (const source of strangers(world)) {
        assertEquals(await meets(world, source, [TRAP, DOOR]), ["listener", "service ssh"]);
      }
      assertEquals((await world.firewall.look()).hits, []);
      assertEquals(await world.firewall.forwards(), { ports: new Set([TRAP]), unreadable: [] });
    },
  },
  {
    name: "a policy that denies is named, and opened on request alone, behind rules about sources",
    run: async (world) => {
      const denied = strangers(world);
      for (const source of denied) await world.deny(source);
      await world.denyByDefault();
      await load(world);
      for (const source of strangers(world)) {
        assertEquals(await world.connect(source, DOOR), "silence");
      }
      assertEquals((await world.firewall.obstacles(policy())).length > 0, true);
      await load(world, { openFirewall: true });
      for (const source of denied) assertEquals(await world.connect(source, DOOR), "silence");
      for (const source of strangers(world)) {
        const answers = await meets(world, source, [DOOR, SSH_PORT, TRAP, DOOR]);
        assertEquals(answers.slice(0, 3), ["service ssh", "silence", "tarpit"]);
        assert(["refused", "silence"].includes(answers[3]!), answers[3]);
      }
    },
  },
];

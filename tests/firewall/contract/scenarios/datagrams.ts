import { assertEquals } from "@std/assert";
import type { Policy } from "../../../../src/firewall/policy.ts";
import { parseBanned, parseCidr } from "../../../../src/os/address.ts";
import type { Window } from "../../../../src/schedule/windows.ts";
import { DATAGRAM_PORT, type Scenario, SSH_PORT, type World } from "../world.ts";
import {
  CLOSED,
  DOOR,
  door,
  listBans,
  meets,
  notesNothing,
  openWindow,
  policy,
  strangers,
  TRAP,
  WEB_DOOR,
} from "./common.ts";

/** A port that leads to the service over UDP. */
const WG_DOOR = 4200;

function withDatagrams(changes: Partial<Policy> = {}): Policy {
  const { services, ...rest } = policy(changes);
  const wg = {
    name: "wg",
    port: DATAGRAM_PORT,
    hidden: true,
    fail: "closed",
    proto: "udp",
  } as const;
  return { ...rest, services: [...services, wg] };
}

function usualWindow(world: World, changes: Partial<Window> = {}): Window {
  const doors = [door(DOOR), door(WEB_DOOR, "web"), door(WG_DOOR, "wg")];
  return openWindow(world, { doors, ...changes });
}

export const DATAGRAMS: readonly Scenario[] = [
  {
    name: "a datagram reaches its service through the door of that service, and no other way",
    run: async (world) => {
      await world.firewall.load(withDatagrams(), [usualWindow(world)]);
      for (const source of strangers(world)) {
        const ports = [WG_DOOR, DATAGRAM_PORT, DOOR, WEB_DOOR, TRAP, CLOSED];
        const answers: string[] = [];
        for (const [i, port] of ports.entries()) {
          answers.push(await world.send(source, port, { sourcePort: 30_000 + i }));
        }
        assertEquals(answers, ["service wg", ...Array(5).fill("nothing")]);
        const connections = [WG_DOOR, WEB_DOOR, DATAGRAM_PORT, DOOR];
        assertEquals(await meets(world, source, connections), [
          "refused",
          "service web",
          "service web",
          "service ssh",
        ]);
      }
    },
  },
  {
    name: "a datagram bans nobody, wherever it goes, and is no arrival",
    run: async (world) => {
      const window = usualWindow(world, { traps: [TRAP, SSH_PORT] });
      await world.firewall.load(withDatagrams(), [window]);
      for (const source of strangers(world)) {
        for (const port of [TRAP, SSH_PORT, DATAGRAM_PORT, WG_DOOR, DOOR, CLOSED]) {
          await world.send(source, port, { sourcePort: 30_000, isAnswered: false });
        }
        await world.send(source, WG_DOOR, { sourcePort: 30_001 });
        await notesNothing(world);
      }
      assertEquals(await listBans(world), []);
    },
  },
  {
    name:
      "a flow that was answered lives on when its port closes; any other has to use the new one",
    run: async (world) => {
      await world.firewall.load(withDatagrams(), [usualWindow(world, { minute: 1 })]);
      const [answered, unanswered, late] = [30_000, 30_001, 30_002];
      const sources = strangers(world);
      for (const source of sources) {
        const first = { sourcePort: unanswered, isAnswered: false };
        await world.send(source, WG_DOOR, first);
        assertEquals(await world.send(source, WG_DOOR, { sourcePort: answered }), "service wg");
      }
      const next = { minute: 2, doors: [door(WG_DOOR + 1, "wg")], traps: [] };
      await world.firewall.open([usualWindow(world, next)]);
      for (const source of sources) {
        const ask = (port: number, sourcePort: number): Promise<string> =>
          world.send(source, port, { sourcePort });
        assertEquals(await ask(WG_DOOR, answered), "service wg");
        assertEquals(await ask(WG_DOOR, unanswered), "nothing");
        assertEquals(await ask(WG_DOOR, late), "nothing");
        // A WireGuard that is told of the new port goes on sending from where it did.
        assertEquals(await ask(WG_DOOR + 1, answered), "service wg");
        assertEquals(await ask(WG_DOOR + 1, late), "service wg");
      }
    },
  },
  {
    name: "a port at which something else takes datagrams stays its own, from the first one on",
    run: async (world) => {
      await world.firewall.load(withDatagrams(), [usualWindow(world)]);
      const [early, late] = strangers(world);
      const answered = await world.send(early!, WG_DOOR, { sourcePort: 30_000 });
      await world.receive(WG_DOOR);
      assertEquals([answered, await world.send(late!, WG_DOOR, { sourcePort: 30_000 })], [
        "service wg",
        "listener",
      ]);
      assertEquals(await world.send(early!, WG_DOOR, { sourcePort: 30_000 }), "service wg");
    },
  },
  {
    name: "a service over UDP stays hidden after the last window",
    run: async (world) => {
      const until = Math.ceil(world.seconds()) + 1;
      await world.firewall.load(withDatagrams(), [usualWindow(world, { until })]);
      await world.until(until + world.lag);
      for (const source of strangers(world)) {
        for (const port of [WG_DOOR, DATAGRAM_PORT]) {
          assertEquals(await world.send(source, port, { sourcePort: 30_000 }), "nothing");
        }
      }
      await world.firewall.open([usualWindow(world)]);
      for (const source of strangers(world)) {
        assertEquals(await world.send(source, WG_DOOR, { sourcePort: 30_000 }), "service wg");
      }
    },
  },
  {
    name: "a banned address begins no flow, and keeps the one it has; an allowed one is not banned",
    run: async (world) => {
      await world.firewall.load(withDatagrams(), [usualWindow(world)]);
      const sources = strangers(world);
      const allowed = strangers(world);
      await world.firewall.allow(allowed.map(parseCidr));
      const send = (source: string, sourcePort: number): Promise<string> =>
        world.send(source, WG_DOOR, { sourcePort });
      for (const source of sources) assertEquals(await send(source, 30_000), "service wg");
      const bans = [...sources, ...allowed].map(parseBanned);
      await world.firewall.ban(bans.map((address) => ({ address, seconds: 900 })));
      for (const source of sources) {
        assertEquals([await send(source, 30_001), await send(source, 30_000)], [
          "nothing",
          "service wg",
        ]);
      }
      for (const source of allowed) assertEquals(await send(source, 30_000), "service wg");
    },
  },
  {
    name: "a door over UDP that is open from some networks is nothing for others, and no trap",
    run: async (world) => {
      const [inside, outside] = [strangers(world), strangers(world)];
      const doors = [door(DOOR), { ...door(WG_DOOR, "wg"), from: inside.map(parseCidr) }];
      await world.firewall.load(withDatagrams(), [usualWindow(world, { doors })]);
      for (const source of inside) {
        assertEquals(await world.send(source, WG_DOOR, { sourcePort: 30_000 }), "service wg");
      }
      for (const source of outside) {
        assertEquals(await world.send(source, WG_DOOR, { sourcePort: 30_000 }), "nothing");
        assertEquals(await meets(world, source, [WG_DOOR, DOOR]), ["refused", "service ssh"]);
      }
    },
  },
  {
    name:
      "a datagram through a door passes a firewall that denies by default only if that is wanted",
    run: async (world) => {
      await world.denyByDefault();
      await world.firewall.load(withDatagrams(), [usualWindow(world)]);
      const sources = strangers(world);
      for (const source of sources) {
        assertEquals(await world.send(source, WG_DOOR, { sourcePort: 30_000 }), "nothing");
      }
      await world.firewall.load(withDatagrams({ openFirewall: true }), [usualWindow(world)]);
      for (const source of sources) {
        assertEquals(await world.send(source, WG_DOOR, { sourcePort: 30_001 }), "service wg");
        assertEquals(await world.connect(source, DOOR), "service ssh");
      }
    },
  },
];

import { assertEquals } from "@std/assert";
import { parseCidr } from "../../../../src/os/address.ts";
import type { Policy } from "../../../../src/firewall/policy.ts";
import type { AddressDoor, Window } from "../../../../src/schedule/windows.ts";
import {
  type Answer,
  DATAGRAM_PORT,
  type Scenario,
  SSH_PORT,
  TARPIT_PORT,
  WEB_PORT,
  type World,
} from "../world.ts";
import {
  CLOSED,
  DOOR,
  door,
  meets,
  openWindow,
  policy,
  strangers,
  touches,
  TRAP,
  unit,
  WEB_DOOR,
} from "./common.ts";

const NETWORK = "fd7a:0:0:aa::/64";
/** Of the server's own key, of its service, of two that need no redirect, of a user in an office, and of no one. */
const [HERE, OF_WEB, PLAIN, PLAIN_WEB, OFFICE, NOWHERE] = [1, 2, 3, 4, 5, 6].map((end) =>
  `fd7a::aa:5c1:7e2:9d0:${end}00`
) as [string, string, string, string, string, string];
/** A port that the service over UDP has at the other addresses. */
const WG_DOOR = 4200;

function at(address: string, port: number, changes: Partial<AddressDoor> = {}): AddressDoor {
  return { service: "ssh", user: "default", address, port, ...changes };
}

function withNetwork(changes: Partial<Policy> = {}): Policy {
  return policy({ door: NETWORK, ...changes });
}

function windowWith(
  world: World,
  addressDoors: readonly AddressDoor[],
  changes: Partial<Window> = {},
): Window {
  return openWindow(world, { addressDoors, ...changes });
}

type Place = readonly [address: string, port: number];

/** What a source meets at several places at once: silence takes its time. */
async function meetsAt(
  world: World,
  source: string,
  places: readonly Place[],
): Promise<Answer[]> {
  return await Promise.all(places.map(([to, port]) => world.connect(source, port, to)));
}

export const ADDRESSES: readonly Scenario[] = [
  {
    name:
      "in the network of a door its addresses answer at their own ports, nothing else does, and nothing bans",
    run: async (world) => {
      await world.route(NETWORK);
      await world.listen(CLOSED);
      const wg = { name: "wg", port: DATAGRAM_PORT, hidden: true, fail: "closed", proto: "udp" };
      const rules = withNetwork();
      const [[, source], [four, inside], [, banned]] = [1, 2, 3].map(() => strangers(world)) as [
        [string, string],
        [string, string],
        [string, string],
      ];
      const web = { service: "web" };
      await world.firewall.load(
        { ...rules, services: [...rules.services, wg as Policy["services"][number]] },
        [windowWith(world, [
          at(HERE, DOOR),
          at(OF_WEB, WEB_DOOR, web),
          at(PLAIN, SSH_PORT),
          at(PLAIN_WEB, WEB_PORT, web),
          at(OFFICE, DOOR, { user: "alice", from: [parseCidr(inside), parseCidr(four)] }),
        ], { doors: [door(DOOR), door(WEB_DOOR, "web"), door(WG_DOOR, "wg")] })],
      );
      await world.firewall.ban([{ address: unit(banned), seconds: 60 }]);
      const ways: Place[] = [
        [HERE, DOOR],
        [OF_WEB, WEB_DOOR],
        [PLAIN, SSH_PORT],
        [PLAIN_WEB, WEB_PORT],
      ];
      const beside: Place[] = [
        [HERE.replace(/00$/, "01"), DOOR],
        [HERE.replace(/100$/, "ff"), DOOR],
        [HERE, DOOR + 1],
        [HERE, DOOR - 1],
        [HERE, WEB_DOOR],
        [OF_WEB, DOOR],
        [OFFICE, DOOR],
        [PLAIN, WEB_PORT],
        ...[HERE, OF_WEB, NOWHERE].flatMap((address) =>
          [SSH_PORT, WEB_PORT, TARPIT_PORT, CLOSED, TRAP].map((port): Place => [address, port])
        ),
      ];
      assertEquals(await meetsAt(world, source, beside), beside.map(() => "silence"));
      const answers = ["service ssh", "service web", "service ssh", "service web"];
      assertEquals<string[]>(await meetsAt(world, source, ways), answers);
      assertEquals(await meetsAt(world, inside, [[OFFICE, DOOR]]), ["service ssh"]);
      assertEquals(await meetsAt(world, banned, ways), ways.map(() => "silence"));
      const datagram = { sourcePort: 20_001, to: HERE };
      assertEquals(await world.send(source, WG_DOOR, datagram), "nothing");
      assertEquals([await world.ping(world.server(6)), await world.ping(HERE)], [true, false]);
      const { hits, confirmed, arrivals } = await world.firewall.look();
      assertEquals([touches(hits), confirmed], [[], []]);
      const came = [`${source} ${DOOR}`, `${source} ${WEB_DOOR}`, `${inside} ${DOOR}`].sort();
      assertEquals(touches(arrivals).filter((each) => !/ (22|8443)$/.test(each)), came);
      // At the other addresses all is as ever.
      assertEquals(await meets(world, source, [WEB_DOOR, DOOR, TRAP]), [
        "service web",
        "service ssh",
        "tarpit",
      ]);
      assertEquals(await meetsAt(world, source, [[HERE, DOOR]]), ["silence"], "it is banned now");
    },
  },
  {
    name:
      "an address opens and closes with its window, and a connection begun there is no ticket for later",
    run: async (world) => {
      await world.route(NETWORK);
      const [, source] = strangers(world) as [string, string];
      const places: Place[] = [[HERE, DOOR], [PLAIN, SSH_PORT], [OF_WEB, WEB_DOOR]];
      const windows = (edge: number, end: number) => [
        windowWith(world, [at(HERE, DOOR), at(PLAIN, SSH_PORT)], { minute: 101, until: edge }),
        windowWith(world, [at(OF_WEB, WEB_DOOR)], { minute: 102, from: edge, until: end }),
      ];
      let edge = 0;
      // A machine that has other work gets more room until the change.
      for (let room = 4; edge <= world.seconds(); room *= 2) {
        edge = Math.ceil(world.seconds()) + room;
        await world.firewall.load(withNetwork(), windows(edge, edge + 600));
        const before = await meetsAt(world, source, places);
        await world.forge(source, DOOR, HERE);
        if (world.seconds() >= edge) continue;
        assertEquals<string[]>(before, ["service ssh", "service ssh", "silence"]);
      }
      await world.until(edge + 0.1);
      const after = ["silence", "silence", "service ssh"];
      assertEquals<string[]>(await meetsAt(world, source, places), after);
      assertEquals(await world.resume(source, DOOR, HERE), "silence");
      const end = Math.ceil(world.seconds()) + 1;
      await world.firewall.open(windows(edge, end));
      await world.until(end + 0.1);
      assertEquals(await meetsAt(world, source, places), places.map(() => "silence"));
      // Those that are opened later are judged by the clock as well.
      await world.firewall.open([windowWith(world, [at(HERE, DOOR)], { minute: 103 })]);
      assertEquals(await meetsAt(world, source, [[HERE, DOOR]]), ["service ssh"]);
    },
  },
  {
    name: "the network of a door is the server's for as long as the rules are there",
    run: async (world) => {
      await world.route(NETWORK);
      const before = await world.listing();
      const windows = [windowWith(world, [at(HERE, DOOR)])];
      await world.firewall.load(withNetwork(), windows);
      await world.firewall.load(withNetwork(), windows);
      assertEquals(await world.firewall.drift(), []);
      await world.unroute(NETWORK);
      assertEquals(await world.firewall.drift(), [{ kind: "rules", what: "route of the door" }]);
      const other = NETWORK.replace("aa", "ab");
      await world.firewall.load(withNetwork({ door: other }), [openWindow(world)]);
      await world.firewall.load(withNetwork(), windows);
      assertEquals(await world.firewall.drift(), []);
      const [, source] = strangers(world) as [string, string];
      assertEquals(await meetsAt(world, source, [[HERE, DOOR]]), ["service ssh"]);
      assertEquals((await world.listing()).includes(other), false);
      // What a run that died left is removed with the rest.
      await world.die();
      await world.firewall.remove();
      assertEquals(await world.listing(), before);
    },
  },
];

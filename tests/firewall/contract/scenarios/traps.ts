import { assert, assertEquals } from "@std/assert";
import { parseCidr } from "../../../../src/os/address.ts";
import { type Scenario, SSH_PORT, WEB_PORT } from "../world.ts";
import {
  BAN_SECONDS,
  CLOSED,
  DOOR,
  door,
  isShutOut,
  listBans,
  load,
  meets,
  neighbour,
  notesNothing,
  openWindow,
  policy,
  strangers,
  touches,
  TRAP,
  unit,
  WEB_DOOR,
} from "./common.ts";

const LISTENER = 7000;

export const TRAPS: readonly Scenario[] = [
  {
    name:
      "the first SYN to a trap bans, and a banned address loses what is behind doors and no more",
    run: async (world) => {
      await load(world);
      await world.listen(LISTENER);
      for (const source of strangers(world)) {
        assertEquals(await world.connect(source, DOOR), "service ssh");
        await world.forge(source, TRAP);
        const ports = [DOOR, WEB_DOOR, TRAP, SSH_PORT, WEB_PORT, CLOSED, LISTENER];
        assertEquals(await meets(world, source, ports), [
          "refused",
          "refused",
          "refused",
          "silence",
          "silence",
          "refused",
          "listener",
        ]);
      }
    },
  },
  {
    name: "a connection that was begun before a ban does not outlive it as a ticket",
    run: async (world) => {
      await load(world);
      for (const source of strangers(world)) {
        await world.forge(source, DOOR);
        await world.forge(source, TRAP);
        const answer = await world.resume(source, DOOR);
        assert(answer === "refused" || answer === "silence", answer);
      }
    },
  },
  {
    name: "with the wider scope it loses every port of this machine",
    run: async (world) => {
      await load(world, { scope: "all" });
      await world.listen(LISTENER);
      for (const source of strangers(world)) {
        assertEquals(await world.connect(source, LISTENER), "listener");
        await world.forge(source, TRAP);
        const answers = await meets(world, source, [DOOR, TRAP, SSH_PORT, LISTENER, CLOSED]);
        assertEquals(answers, Array(5).fill("silence"));
      }
    },
  },
  {
    name: "a ban of IPv6 covers the /64, one of IPv4 the address",
    run: async (world) => {
      await load(world);
      const [four, six] = strangers(world);
      const [nextFour, nextSix] = strangers(world);
      for (const source of [four!, six!]) await world.forge(source, TRAP);
      assertEquals(await isShutOut(world, neighbour(six!)), true);
      for (const source of [nextFour!, nextSix!]) {
        assertEquals(await isShutOut(world, source), false);
      }
      const banned = (await listBans(world)).map(({ address }) => address.text);
      assertEquals(new Set(banned), new Set([unit(four!).text, unit(six!).text]));
    },
  },
  {
    name: "a ban of the kernel has the time that the policy says",
    run: async (world) => {
      await load(world);
      for (const source of strangers(world)) await world.forge(source, TRAP);
      for (const { seconds } of await listBans(world)) {
        const isNear = seconds !== null && seconds <= BAN_SECONDS && seconds > BAN_SECONDS - 60;
        assertEquals(isNear, true, `${seconds}`);
      }
    },
  },
  {
    name: "after the window that had it, a trap bans nobody",
    run: async (world) => {
      const until = Math.ceil(world.seconds()) + 2;
      await world.firewall.load(policy(), [
        openWindow(world, { minute: 1, until }),
        openWindow(world, { minute: 2, traps: [] }),
      ]);
      await world.until(until + world.lag);
      for (const source of strangers(world)) {
        assertEquals(await meets(world, source, [TRAP, DOOR]), ["refused", "service ssh"]);
      }
    },
  },
  {
    name: "with the trigger handshake a lone SYN bans nobody",
    run: async (world) => {
      await load(world, { trigger: "handshake" });
      for (const source of strangers(world)) {
        await world.forge(source, TRAP);
        assertEquals(await isShutOut(world, source), false);
        const { hits, confirmed } = await world.firewall.look();
        assertEquals([touches(hits), confirmed], [[`${source} ${TRAP}`], []]);
      }
    },
  },
  {
    name: "with the trigger handshake a completed connection is confirmed, and bans",
    run: async (world) => {
      await load(world, { trigger: "handshake" });
      for (const source of strangers(world)) {
        assertEquals(await world.connect(source, TRAP), "tarpit");
        const { confirmed } = await world.firewall.look();
        assertEquals(confirmed.map(({ text }) => unit(text).text), [unit(source).text]);
        assertEquals(await isShutOut(world, source), true);
      }
    },
  },
  {
    name: "a trusted address survives a lone SYN, and not a completed connection",
    run: async (world) => {
      await load(world);
      const sources = strangers(world);
      await world.firewall.trust(sources.map((text) => ({ address: unit(text), seconds: 600 })));
      for (const source of sources) {
        await world.forge(source, TRAP);
        assertEquals(await isShutOut(world, source), false);
        const before = await world.firewall.look();
        assertEquals([touches(before.hits), before.confirmed], [[`${source} ${TRAP}`], []]);
        assertEquals(await world.connect(source, TRAP), "tarpit");
        const { confirmed } = await world.firewall.look();
        assertEquals(confirmed.map(({ text }) => unit(text).text), [unit(source).text]);
        assertEquals(await isShutOut(world, source), true);
      }
    },
  },
  {
    name: "trust of IPv6 covers the /64, ends by its time, and for all at once",
    run: async (world) => {
      await load(world);
      const [four, six] = strangers(world);
      const [shortFour, shortSix] = strangers(world);
      const trust = (source: string, seconds: number) => ({ address: unit(source), seconds });
      await world.firewall.trust([trust(four!, 600), trust(six!, 600)]);
      await world.firewall.trust([trust(shortFour!, 1), trust(shortSix!, 1)]);
      const ended = world.seconds() + 2;
      await world.forge(neighbour(six!), TRAP);
      assertEquals(await isShutOut(world, six!), false);
      await world.until(ended);
      for (const source of [shortFour!, shortSix!]) {
        await world.forge(source, TRAP);
        assertEquals(await isShutOut(world, source), true);
      }
      await world.firewall.distrustAll();
      for (const source of [four!, six!]) {
        await world.forge(source, TRAP);
        assertEquals(await isShutOut(world, source), true);
      }
    },
  },
  {
    name: "an allowed network is never banned, meets doors and the tarpit, and leaves no note",
    run: async (world) => {
      await load(world, { scope: "all" });
      const sources = strangers(world);
      const networks = [parseCidr("10.78.0.0/24"), parseCidr("fd78::/48")];
      assertEquals(await world.firewall.allow(networks), []);
      assertEquals(new Set(await world.firewall.allowed()), new Set(networks));
      for (const source of sources) {
        await world.firewall.look();
        const answers = await meets(world, source, [TRAP, DOOR, TRAP]);
        assertEquals(answers, ["tarpit", "service ssh", "tarpit"]);
        const { hits, confirmed, arrivals } = await world.firewall.look();
        assertEquals([hits, confirmed, touches(arrivals)], [[], [], [`${source} ${DOOR}`]]);
        await world.firewall.ban([{ address: unit(source), seconds: 600 }]);
        assertEquals(await world.connect(source, DOOR), "service ssh");
      }
      await world.firewall.disallow([...networks, parseCidr("192.0.2.0/24")]);
      assertEquals(await world.firewall.allowed(), []);
      for (const source of sources) assertEquals(await world.connect(source, DOOR), "silence");
    },
  },
  {
    name: "a service that begins to listen is no trap, from its first client on",
    run: async (world) => {
      await load(world);
      await world.listen(TRAP);
      for (const source of strangers(world)) {
        assertEquals(await meets(world, source, [TRAP, DOOR]), ["listener", "service ssh"]);
      }
      assertEquals((await world.firewall.look()).hits, []);
    },
  },
  {
    name: "the hidden port itself can be a trap",
    run: async (world) => {
      const traps = [TRAP, SSH_PORT];
      await world.firewall.load(policy(), [openWindow(world, { traps })]);
      for (const source of strangers(world)) {
        const answers = await meets(world, source, [DOOR, SSH_PORT, DOOR]);
        assertEquals(answers, ["service ssh", "tarpit", "refused"]);
      }
    },
  },
  {
    name: "a SYN that claims to come from this machine bans nobody",
    run: async (world) => {
      await load(world);
      for (const family of [4, 6] as const) await world.forge(world.server(family), TRAP);
      assertEquals(await listBans(world), []);
    },
  },
  {
    name:
      "whoever shares the /64 of this machine can be banned, and this machine feels nothing of it",
    run: async (world) => {
      await load(world, { scope: "all" });
      const address = unit(world.server(6));
      assertEquals(await world.firewall.ban([{ address, seconds: 600 }]), []);
      const answers = await world.connectInside(SSH_PORT, 6);
      assertEquals(answers, ["service ssh", "service ssh"]);
      for (const source of strangers(world)) {
        assertEquals(await world.connect(source, DOOR), "service ssh");
      }
    },
  },
  {
    name: "hits, arrivals and completed connections are told once, with the very address",
    run: async (world) => {
      await load(world);
      await notesNothing(world);
      const sources = strangers(world);
      const [silentFour, silentSix] = strangers(world);
      for (const source of sources) {
        for (const port of [DOOR, DOOR, WEB_DOOR, TRAP]) await world.connect(source, port);
      }
      for (const source of [silentFour!, silentSix!]) await world.forge(source, TRAP);
      const activity = await world.firewall.look();
      const all = [...sources, silentFour!, silentSix!];
      assertEquals(touches(activity.hits), all.map((source) => `${source} ${TRAP}`).sort());
      const doors = sources.flatMap((source) => [`${source} ${DOOR}`, `${source} ${WEB_DOOR}`]);
      assertEquals(touches(activity.arrivals), doors.sort());
      const confirmed = activity.confirmed.map(({ text }) => unit(text).text);
      assertEquals(new Set(confirmed), new Set(sources.map((source) => unit(source).text)));
      assertEquals(activity.intact, true);
      await notesNothing(world);
    },
  },
  {
    name: "a banned address leaves no note any more",
    run: async (world) => {
      await load(world);
      for (const source of strangers(world)) {
        await world.firewall.ban([{ address: unit(source), seconds: 600 }]);
        assertEquals(await meets(world, source, [DOOR, TRAP]), ["refused", "refused"]);
        await notesNothing(world);
      }
    },
  },
  {
    name:
      "a session lives through a ban, new windows, the end of its own, new rules and their removal",
    run: async (world) => {
      await load(world);
      const sources = strangers(world);
      const sessions = await Promise.all(sources.map((each) => world.openSession(each, DOOR)));
      const live = async (when: string): Promise<void> => {
        for (const session of sessions) assertEquals(await session.isAlive(), true, when);
      };
      await live("at first");
      for (const source of sources) await world.forge(source, TRAP);
      await live("after a ban");
      await world.firewall.open([openWindow(world, { doors: [door(DOOR + 1)] })]);
      await live("after its window");
      await world.firewall.load(policy({ scope: "all" }), []);
      await live("after new rules, and with the wider scope");
      await world.firewall.remove();
      await live("after the rules are removed");
    },
  },
];

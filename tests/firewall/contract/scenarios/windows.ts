import { assert, assertEquals } from "@std/assert";
import type { Window } from "../../../../src/schedule/windows.ts";
import {
  type Answer,
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
  load,
  meets,
  openWindow,
  policy,
  strangers,
  TRAP,
  WEB_DOOR,
} from "./common.ts";

/** What a port is asked for, again and again, and what it answers. */
interface Watch {
  readonly port: number;
  readonly inside: Answer;
  /** Whether who asks is somebody else each time. */
  readonly isTrap: boolean;
}

/** Asks until a moment, and sees that each answer is that of the time at which it was asked. */
async function watchEdges(
  world: World,
  [from, until]: readonly [number, number],
  watches: readonly Watch[],
): Promise<void> {
  const isOpen = (at: number): boolean => at >= from && at < until;
  const seen = new Set<number>();
  const [regular] = strangers(world);
  while (world.seconds() < until + 1.5) {
    for (const { port, inside, isTrap } of watches) {
      const before = world.seconds() - world.lag;
      const answer = await world.connect(isTrap ? world.stranger(4) : regular!, port);
      const after = world.seconds();
      if (isOpen(before) !== isOpen(after)) continue;
      const at = `port ${port}, ${(before - from).toFixed(3)} s after it opens`;
      assertEquals(answer, isOpen(after) ? inside : "refused", at);
      if (Math.floor(before) === Math.floor(after)) seen.add(Math.floor(after));
    }
    await world.until(world.seconds() + 0.02);
  }
  for (const second of [from - 1, from, until - 1, until]) {
    assert(seen.has(second), `nobody asked in the second ${second - from} after it opens`);
  }
}

export const WINDOWS: readonly Scenario[] = [
  {
    name: "a door leads to its service, a trap to the tarpit, and all else is as it was",
    run: async (world) => {
      await load(world);
      await world.listen(CLOSED + 1);
      for (const source of strangers(world)) {
        const ports = [DOOR, WEB_DOOR, WEB_PORT, SSH_PORT, TARPIT_PORT, CLOSED, CLOSED + 1, TRAP];
        assertEquals(await meets(world, source, ports), [
          "service ssh",
          "service web",
          "service web",
          "silence",
          "refused",
          "refused",
          "listener",
          "tarpit",
        ]);
      }
    },
  },
  {
    name: "a window is open from its first second on and closed from its last",
    run: async (world) => {
      const from = Math.ceil(world.seconds()) + 6;
      const until = from + 3;
      await world.firewall.load(policy(), [openWindow(world, { from, until })]);
      await watchEdges(world, [from, until], [
        { port: DOOR, inside: "service ssh", isTrap: false },
        { port: TRAP, inside: "tarpit", isTrap: true },
      ]);
    },
  },
  {
    name: "where windows overlap, the doors and traps of both are open",
    run: async (world) => {
      const now = Math.floor(world.seconds());
      const [early, late] = [now - 300, now + 600];
      const both = (
        first: readonly [number, number],
        second: readonly [number, number],
      ): Window[] => [
        openWindow(world, { minute: 1, from: first[0], until: first[1] }),
        openWindow(world, {
          minute: 2,
          from: second[0],
          until: second[1],
          doors: [door(DOOR + 1)],
          traps: [TRAP + 1],
        }),
      ];
      const ports = [DOOR, DOOR + 1];
      const traps = async (): Promise<Answer[]> => [
        await world.connect(world.stranger(4), TRAP),
        await world.connect(world.stranger(6), TRAP + 1),
      ];
      const [source] = strangers(world);
      await world.firewall.load(policy(), both([early, late], [late, late + 60]));
      assertEquals(await meets(world, source!, ports), ["service ssh", "refused"]);
      assertEquals(await traps(), ["tarpit", "refused"]);
      await world.firewall.open(both([early, late], [now - 60, late]));
      assertEquals(await meets(world, source!, ports), ["service ssh", "service ssh"]);
      assertEquals(await traps(), ["tarpit", "tarpit"]);
      await world.firewall.open(both([early, now - 60], [now - 120, late]));
      assertEquals(await meets(world, source!, ports), ["refused", "service ssh"]);
      assertEquals(await traps(), ["refused", "tarpit"]);
    },
  },
  {
    name: "two users may have the same port of the same service",
    run: async (world) => {
      const doors = [door(DOOR), door(DOOR, "ssh", "alice"), door(WEB_DOOR, "web", "alice")];
      await world.firewall.load(policy(), [openWindow(world, { doors })]);
      for (const source of strangers(world)) {
        const answers = await meets(world, source, [DOOR, WEB_DOOR]);
        assertEquals(answers, ["service ssh", "service web"]);
      }
    },
  },
  {
    name: "a door may be the very port of its service",
    run: async (world) => {
      const doors = [door(SSH_PORT)];
      await world.firewall.load(policy(), [openWindow(world, { doors })]);
      for (const source of strangers(world)) {
        assertEquals(await world.connect(source, SSH_PORT), "service ssh");
      }
    },
  },
  {
    name: "new windows replace the old ones, and what both have is open all the time",
    run: async (world) => {
      await load(world);
      let isOver = false;
      const answers = new Set<Answer>();
      const asking = Promise.all(
        strangers(world).map(async (source) => {
          do answers.add(await world.connect(source, DOOR)); while (!isOver);
        }),
      );
      for (let i = 1; i <= 10; i++) {
        const doors = [door(DOOR), door(DOOR + i)];
        await world.firewall.open([openWindow(world, { minute: i, doors, traps: [TRAP + i] })]);
      }
      isOver = true;
      await asking;
      assertEquals([...answers], ["service ssh"]);
      for (const source of strangers(world)) {
        const ports = [DOOR + 9, DOOR + 10, WEB_DOOR, TRAP, TRAP + 10];
        assertEquals(await meets(world, source, ports), [
          "refused",
          "service ssh",
          "refused",
          "refused",
          "tarpit",
        ]);
      }
    },
  },
  {
    name: "many windows and ports are loaded at once, and only the open one answers",
    run: async (world) => {
      const now = Math.floor(world.seconds());
      const windows = Array.from({ length: 60 }, (_, i) =>
        openWindow(world, {
          minute: i,
          from: now - 60 + 600 * i,
          until: now + 540 + 600 * i,
          doors: Array.from({ length: 20 }, (_, n) => door(10_000 + 100 * i + n)),
          traps: Array.from({ length: 80 }, (_, n) => 10_020 + 100 * i + n),
        }));
      await world.firewall.load(policy(), windows);
      const [source] = strangers(world);
      const answers = await meets(world, source!, [10_000, 10_019, 10_100, 10_120, 15_900, 10_099]);
      assertEquals(answers, [
        "service ssh",
        "service ssh",
        "refused",
        "refused",
        "refused",
        "tarpit",
      ]);
    },
  },
  {
    name:
      "after the last window a port that fails open answers again, and one that does not stays shut",
    run: async (world) => {
      const services = [
        { name: "ssh", port: SSH_PORT, hidden: true, fail: "open" },
        { name: "web", port: WEB_PORT, hidden: true, fail: "closed" },
      ] as const;
      await world.firewall.load(policy({ services }), [openWindow(world)]);
      const [source, other] = strangers(world);
      assertEquals(await meets(world, source!, [SSH_PORT, WEB_PORT]), ["silence", "silence"]);
      const until = Math.ceil(world.seconds()) + 1;
      await world.firewall.load(policy({ services }), [openWindow(world, { until })]);
      await world.until(until + world.lag);
      for (const each of [source!, other!]) {
        const answers = await meets(world, each, [SSH_PORT, WEB_PORT, DOOR, TRAP]);
        assertEquals(answers, ["service ssh", "silence", "refused", "refused"]);
      }
      await world.firewall.open([openWindow(world)]);
      assertEquals(await meets(world, source!, [SSH_PORT, DOOR]), ["silence", "service ssh"]);
    },
  },
  {
    name: "windows of the past open nothing, and hide nothing that fails open",
    run: async (world) => {
      const now = Math.floor(world.seconds());
      await world.firewall.load(policy(), [
        openWindow(world, { from: now - 100, until: now - 10 }),
      ]);
      for (const source of strangers(world)) {
        const answers = await meets(world, source, [DOOR, TRAP, SSH_PORT]);
        assertEquals(answers, ["refused", "refused", "service ssh"]);
      }
    },
  },
  {
    name: "before its first window a hidden port is hidden",
    run: async (world) => {
      const from = Math.ceil(world.seconds()) + 600;
      await world.firewall.load(policy(), [openWindow(world, { from, until: from + 60 })]);
      const [source] = strangers(world);
      assertEquals(await meets(world, source!, [SSH_PORT, DOOR]), ["silence", "refused"]);
    },
  },
  {
    name: "a connection that was begun and not completed is no ticket for later",
    run: async (world) => {
      const until = Math.ceil(world.seconds()) + 3;
      const windows = [
        openWindow(world, { minute: 1, until }),
        openWindow(world, { minute: 2, from: until, doors: [door(DOOR + 1)], traps: [] }),
      ];
      await world.firewall.load(policy(), windows);
      const sources = strangers(world);
      for (const source of sources) await world.forge(source, DOOR);
      await world.until(until + world.lag);
      for (const source of sources) {
        const answer = await world.resume(source, DOOR);
        assert(answer === "refused" || answer === "silence", answer);
      }
    },
  },
  {
    name: "an ACK of no connection reaches no hidden port",
    run: async (world) => {
      await load(world);
      for (const source of strangers(world)) {
        assertEquals(await world.sendAck(source, SSH_PORT), "refused");
      }
    },
  },
];

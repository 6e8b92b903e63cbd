import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseCidr } from "../../src/os/address.ts";
import { parseKey } from "../../src/schedule/key_text.ts";
import { Schedule } from "../../src/schedule/schedule.ts";
import {
  type Door,
  horizonOf,
  type MinutePlan,
  minutesBeside,
  openAt,
  type PortPolicy,
  type Window,
  type Windows,
  windowsOf,
} from "../../src/schedule/windows.ts";

const MINUTE = 29_922_240;
const START = MINUTE * 60;

const FREE: PortPolicy = {
  grace: 15,
  taken: new Set(),
  occupied: new Set(),
  tripwires: [],
  own: new Set([22, 61_023]),
};

function ssh(port: number, user = "default"): Door {
  return { service: "ssh", port, user };
}

function plan(minute: number, doors: readonly Door[], traps: readonly number[]): MinutePlan {
  return { minute, doors, traps };
}

/** Five minutes around {@linkcode MINUTE}; each has its door at 1000, 2000, … and a trap beside it. */
function around(own: Partial<MinutePlan> = {}): MinutePlan[] {
  return [-2, -1, 0, 1, 2].map((offset) => {
    const port = 3000 + offset * 1000;
    const usual = plan(MINUTE + offset, [ssh(port)], [port + 1]);
    return offset === 0 ? { ...usual, ...own } : usual;
  });
}

function windowAt(plans: readonly MinutePlan[], policy: Partial<PortPolicy> = {}): Window {
  const { windows } = windowsOf(plans, { ...FREE, ...policy });
  return windows.find(({ minute }) => minute === MINUTE)!;
}

Deno.test("a window opens the grace before its minute, and is shut the grace behind it", () => {
  const times = (grace: number): number[] => {
    const { from, until } = windowAt(around(), { grace });
    return [from - START, until - START];
  };
  assertEquals([0, 15, 45, 60].map(times), [[0, 60], [-15, 75], [-45, 105], [-60, 120]]);
});

Deno.test("the second at which a window opens is its own, that at which it closes is not", () => {
  const { windows } = windowsOf(around(), { ...FREE, grace: 15 });
  const open = (second: number): number[] =>
    openAt(windows, START + second).map(({ minute }) => minute - MINUTE);
  assertEquals(open(-15.001), [-1]);
  assertEquals(open(-15), [-1, 0]);
  assertEquals(open(14.999), [-1, 0]);
  assertEquals(open(15), [0]);
  assertEquals(open(44.999), [0]);
  assertEquals(open(45), [0, 1]);
  assertEquals(open(74.999), [0, 1]);
  assertEquals(open(75), [1]);
});

Deno.test("without grace one window is open at a time, with a minute of it three are", () => {
  const open = (grace: number, second: number): number[] =>
    openAt(windowsOf(manyPlans(), { ...FREE, grace }).windows, START + second)
      .map(({ minute }) => minute - MINUTE);
  assertEquals([open(0, 0), open(0, 59.999)], [[0], [0]]);
  assertEquals([open(60, 0), open(60, 59.999)], [[-1, 0, 1], [-1, 0, 1]]);
  assertEquals([open(45, 0), open(45, 20), open(45, 50)], [[-1, 0], [-1, 0, 1], [0, 1]]);
});

function manyPlans(): MinutePlan[] {
  return Array.from({ length: 9 }, (_, i) => plan(MINUTE - 4 + i, [ssh(2000 + i)], [3000 + i]));
}

Deno.test("a grace of more than half a minute reaches into the minute after the next", () => {
  assertEquals([0, 15, 30, 31, 45, 60].map(minutesBeside), [1, 1, 1, 2, 2, 2]);
  const traps = [1000, 2000, 4000, 5000, 7777];
  assertEquals(windowAt(around({ traps }), { grace: 30 }).traps, [1000, 5000, 7777]);
  assertEquals(windowAt(around({ traps }), { grace: 45 }).traps, [7777]);
});

Deno.test("only minutes whose neighbours are known have windows, but for the first of time", () => {
  const minutes = (first: number, grace: number): number[] => {
    const plans = Array.from({ length: 6 }, (_, i) => plan(first + i, [ssh(2000 + i)], []));
    return windowsOf(plans, { ...FREE, grace }).windows.map(({ minute }) => minute - first);
  };
  assertEquals(minutes(MINUTE, 15), [1, 2, 3, 4]);
  assertEquals(minutes(MINUTE, 60), [2, 3]);
  assertEquals(minutes(0, 15), [0, 1, 2, 3, 4]);
  assertEquals(minutes(0, 60), [0, 1, 2, 3]);
  assertEquals(minutes(1, 60), [2, 3]);
  const [first] = windowsOf([0, 1].map((minute) => plan(minute, [], [])), FREE).windows;
  assertEquals([first!.from, first!.until], [0, 75], "no clock is before 1970");
});

Deno.test("a service of this machine wins a port over a door, which is told", () => {
  const { windows, refused } = windowsOf(around(), { ...FREE, taken: new Set([3000]) });
  assertEquals(windows.find(({ minute }) => minute === MINUTE)!.doors, []);
  assertEquals(refused, [{ ...ssh(3000), minute: MINUTE, by: null }]);
});

Deno.test("a door whose port belongs to something else is no trap either, nor in the minutes beside it", () => {
  const plans = around().map((each) => ({ ...each, traps: [3000, 7777] }));
  const { windows } = windowsOf(plans, { ...FREE, taken: new Set([3000]) });
  assertEquals(windows.map(({ traps }) => traps), [[7777], [7777], [7777]]);
});

Deno.test("the first of two services wins a port, and two users of one service share it", () => {
  const web: Door = { service: "web", port: 3000, user: "default" };
  const won = windowsOf(around({ doors: [ssh(3000), web] }), FREE);
  assertEquals(won.windows[1]!.doors, [ssh(3000)]);
  assertEquals(won.refused, [{ ...web, minute: MINUTE, by: "ssh" }]);
  const shared = windowsOf(around({ doors: [ssh(3000, "ann"), ssh(3000, "bob")] }), FREE);
  assertEquals(shared.windows[1]!.doors, [ssh(3000, "ann"), ssh(3000, "bob")]);
  assertEquals(shared.refused, []);
});

Deno.test("what an ordinary user listens on is no trap, but does not keep a door shut", () => {
  const window = windowAt(around({ traps: [3001, 3002] }), { occupied: new Set([3000, 3001]) });
  assertEquals([window.doors, window.traps], [[ssh(3000)], [3002]]);
});

Deno.test("where doors lead they are not taken, and no trap is set there", () => {
  const plans = around({ doors: [ssh(22)], traps: [61_023, 7777] });
  const window = windowAt(plans, { taken: new Set([22, 61_023]) });
  assertEquals([window.doors, window.traps], [[ssh(22)], [7777]]);
});

Deno.test("tripwires are traps in every minute, also the hidden port, but no service's and no door's", () => {
  const tripwires = [22, 23, 80, 3000, 4000, 8443];
  const policy = { tripwires, taken: new Set([22, 80]), occupied: new Set([8443]) };
  assertEquals(windowAt(around(), policy).traps, [3001, 22, 23]);
  const hidden = around({ doors: [ssh(22)] });
  assertEquals(windowAt(hidden, policy).traps, [3001, 23, 3000]);
});

Deno.test("a trap that is a tripwire, too, is there once", () => {
  assertEquals(windowAt(around({ traps: [23, 7777] }), { tripwires: [23] }).traps, [23, 7777]);
});

Deno.test("the horizon is where the last window closes", () => {
  const { windows } = windowsOf(around(), FREE);
  assertEquals(horizonOf(windows) - START, 60 + 75);
  assertEquals(horizonOf([]), 0);
});

/** The windows of many minutes of a key, as a server with it and nothing else would load them. */
async function windowsFor(
  key: string,
  policy: Partial<PortPolicy>,
  minutes: number,
): Promise<Windows> {
  const schedule = await Schedule.of(parseKey(key));
  const plans = await Promise.all(
    Array.from({ length: minutes + 2 }, async (_, i) => {
      const ports = await schedule.ports(MINUTE - 1 + i, 15);
      return plan(MINUTE - 1 + i, [ssh(ports.ssh)], ports.traps);
    }),
  );
  return windowsOf(plans, { ...FREE, ...policy });
}

/*
 * SHA-256 over the lines "MINUTE SECOND SSH… | TRAPS…" of 500 minutes, ports in rising order, as the
 * version that changed the ports at each minute by itself gave them.
 */
const PUBLISHED: readonly [string, string][] = [
  ["classic:correct horse", "6cafa6b8de3ef04072b38fde43d6dc057e1f505a894659775f04a6c558d035a3"],
  [
    "c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    "869be21fcb17f4a8e334aebe1d9c68503de904b359b88017ee75f3d8c188d3de",
  ],
];

for (const [key, digest] of PUBLISHED) {
  Deno.test(`the published ports are what they were, for ${key.split(/[:A]/)[0]}`, async () => {
    const policy = { grace: 0, taken: new Set([1600, 8080, 22]), tripwires: [23, 22, 8080] };
    const { windows } = await windowsFor(key, policy, 500);
    const rising = (ports: readonly number[]) => [...ports].sort((a, b) => a - b).join(" ");
    let text = "";
    for (let minute = MINUTE; minute < MINUTE + 500; minute++) {
      for (const second of [0, 0.5, 14.999, 15, 29.999, 30, 44.999, 45, 59, 59.999]) {
        const open = openAt(windows, minute * 60 + second);
        const doors = rising(open.flatMap((each) => each.doors.map(({ port }) => port)));
        text += `${minute} ${second} ${doors} | ${rising(open.flatMap(({ traps }) => traps))}\n`;
      }
    }
    const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    assertEquals(new Uint8Array(bytes).toHex(), digest);
  });
}

Deno.test("a grace takes no trap from a minute but the doors of those beside it", async () => {
  const key = PUBLISHED[0]![0];
  const schedule = await Schedule.of(parseKey(key));
  const { windows } = await windowsFor(key, { grace: 15 }, 200);
  assertEquals(windows.length, 200);
  let fewer = 0;
  for (const { minute, doors, traps } of windows) {
    const [before, own, after] = await Promise.all(
      [-1, 0, 1].map((offset) => schedule.ports(minute + offset, 15)),
    );
    assertEquals(doors, [ssh(own!.ssh)]);
    const beside = [before!.ssh, after!.ssh];
    assertEquals(traps, own!.traps.filter((trap) => !beside.includes(trap)));
    if (traps.length < 15) fewer++;
  }
  assert(fewer < 5, `${fewer} of 200 minutes have fewer traps`);
});

/** Ports of so small a range that they meet each other all the time. */
const port = fc.integer({ min: 1, max: 12 });
const ports = fc.array(port, { maxLength: 6 });
const door = fc.record({
  service: fc.constantFrom("ssh", "web", "db"),
  port,
  user: fc.constantFrom("default", "ann"),
});
const plans = fc.array(fc.record({ doors: fc.array(door, { maxLength: 4 }), traps: ports }), {
  minLength: 1,
  maxLength: 9,
}).chain((list) =>
  fc.constantFrom(0, 1, 2, MINUTE).map((first) =>
    list.map((each, i): MinutePlan => ({ minute: first + i, ...each }))
  )
);
const policy: fc.Arbitrary<PortPolicy> = fc.record({
  grace: fc.constantFrom(0, 1, 15, 30, 31, 45, 60),
  taken: ports.map((list) => new Set(list)),
  occupied: ports.map((list) => new Set(list)),
  tripwires: ports,
  own: ports.map((list) => new Set(list)),
});

Deno.test("whatever the keys and the machine say, no trap is a door of a window that overlaps", () => {
  fc.assert(fc.property(plans, policy, (plans, policy) => {
    const { windows } = windowsOf(plans, policy);
    for (const { from, until, traps } of windows) {
      const beside = windows.filter((each) => each.from < until && from < each.until);
      const doors = new Set(beside.flatMap((each) => each.doors.map(({ port }) => port)));
      assertEquals(traps.filter((trap) => doors.has(trap)), []);
    }
  }));
});

Deno.test("while two windows overlap, no port leads to two services", () => {
  const isSsh = ({ service }: Door): number => service === "ssh" ? 0 : 1;
  fc.assert(fc.property(plans, policy, (plans, policy) => {
    const ordered = plans.map((each) => ({
      ...each,
      doors: each.doors.toSorted((one, other) => isSsh(one) - isSsh(other)),
    }));
    const { windows } = windowsOf(ordered, policy);
    for (const { from, until, doors } of windows) {
      const beside = windows.filter((each) => each.from < until && from < each.until);
      const others = beside.flatMap((each) => each.doors);
      for (const { port, service } of doors) {
        assertEquals(others.filter((each) => each.port === port && each.service !== service), []);
      }
    }
  }));
});

Deno.test("a port of ssh in a window beside one is ssh's there, and without grace it is not", () => {
  const bob: Door = { service: "db", port: 4000, user: "bob" };
  for (const [grace, by] of [[15, "ssh"], [0, null]] as const) {
    for (const [before, after] of [[[ssh(4000)], []], [[], [ssh(4000)]]]) {
      const list = [before!, [bob], after!].map((doors, i) => plan(MINUTE + i, doors, []));
      const { windows: [window], refused } = windowsOf(list, { ...FREE, grace });
      assertEquals(window!.doors, by === null ? [bob] : []);
      assertEquals(refused, by === null ? [] : [{ ...bob, minute: MINUTE + 1, by }]);
    }
  }
});

Deno.test("the port of a door that is open from some networks alone is a trap too", () => {
  const from = [parseCidr("192.0.2.0/24")];
  const office: Door = { ...ssh(4000, "bob"), from };
  const trapsWith = (...others: Door[][]): readonly number[] => {
    const [before, own, after] = others;
    const list = [before!, [office, ...own!], after!].map((doors, i) =>
      plan(MINUTE + i, doors, [])
    );
    return windowsOf(list, FREE).windows[0]!.traps;
  };
  assertEquals(trapsWith([], [], []), [4000]);
  assertEquals(trapsWith([], [{ ...ssh(4000, "carol"), from }], []), [4000]);
  assertEquals(trapsWith([], [ssh(4000, "alice")], []), [], "anybody may come there");
  assertEquals(trapsWith([ssh(4000, "alice")], [], []), [], "in the minute before");
  assertEquals(trapsWith([], [], [ssh(4000, "alice")]), [], "in the minute after");
});

Deno.test("of two services with one port in windows that overlap the earlier has it", () => {
  const doors = ["db", "web"].map((service) => ({ service, port: 4000, user: "bob" }));
  const list = [[], [doors[0]!], [doors[1]!], []].map((each, i) => plan(MINUTE + i, each, []));
  const { windows, refused } = windowsOf(list, FREE);
  assertEquals(windows.map(({ doors }) => doors.map(({ service }) => service)), [["db"], []]);
  assertEquals(refused.map(({ service, by }) => [service, by]), [["web", "db"]]);
});

Deno.test("whatever the keys and the machine say, who wins a port is who comes first", () => {
  fc.assert(fc.property(plans, policy, (plans, policy) => {
    const { windows, refused } = windowsOf(plans, policy);
    for (const { minute, doors, traps } of windows) {
      const leads = new Map<number, string>();
      for (const { service, port } of doors) {
        assertEquals(leads.get(port) ?? service, service, "a port leads to one service");
        leads.set(port, service);
        assert(!policy.taken.has(port) || policy.own.has(port), `${port} is taken`);
      }
      for (const trap of traps) {
        assert(!policy.taken.has(trap) || policy.own.has(trap), `${trap} is a service's`);
        assert(!policy.occupied.has(trap) || policy.own.has(trap), `${trap} is a user's`);
        assert(!policy.own.has(trap) || policy.tripwires.includes(trap), `${trap} is ours`);
      }
      assertEquals(new Set(traps).size, traps.length, "each trap once");
      const wanted = plans.find((each) => each.minute === minute)!;
      const left = refused.filter((each) => each.minute === minute);
      assertEquals(doors.length + left.length, wanted.doors.length, "no door is lost in silence");
      const near = policy.grace === 0
        ? []
        : plans.filter((each) =>
          each.minute !== minute && Math.abs(each.minute - minute) <= minutesBeside(policy.grace)
        );
      const isBeside = (port: number, by: string): boolean =>
        near.some((each) =>
          (by === "ssh" || each.minute < minute) &&
          each.doors.some((door) => door.port === port && door.service === by)
        );
      for (const { port, by, service } of left) {
        if (by === null) assert(policy.taken.has(port));
        else assert(by !== service && (leads.get(port) === by || isBeside(port, by)));
      }
    }
  }));
});

Deno.test("whatever the grace, at every second of a minute its own window is open", () => {
  const moment = fc.double({ min: 0, max: 8 * 60, noNaN: true, maxExcluded: true });
  fc.assert(fc.property(fc.constantFrom(0, 1, 15, 30, 31, 45, 60), moment, (grace, second) => {
    const list = Array.from({ length: 14 }, (_, i) => plan(MINUTE - 3 + i, [ssh(2000 + i)], []));
    const { windows } = windowsOf(list, { ...FREE, grace });
    const at = START + second;
    const open = openAt(windows, at);
    assert(open.some(({ minute }) => minute === Math.floor(at / 60)));
    for (const { minute } of open) {
      assert(at >= minute * 60 - grace && at < minute * 60 + 60 + grace);
    }
  }));
});

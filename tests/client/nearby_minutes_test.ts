import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatRandomKey, parseKey } from "../../src/schedule/key_text.ts";
import { doorNeighbours, placeIn, REACH, safeNeighbours } from "../../src/client/nearby_minutes.ts";
import { trapsBy } from "../../src/client/host_key.ts";
import { MINUTE_MS, minuteAt, minuteStart } from "../../src/schedule/minute.ts";
import { Schedule } from "../../src/schedule/schedule.ts";
import { describeSkew, isNotable, skewOf } from "../../src/client/skew.ts";

const anySchedule = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) =>
  Schedule.of(parseKey(formatRandomKey(bytes, { low: 2000, high: 3999 })))
);
const anyMoment = fc.integer({ min: 0, max: 2 ** 41 });

/**
 * The minutes of which a server may have the traps open while tries go on that began at a moment: its clock
 * is off by three minutes at most, its grace is as long as any, and the last packet is sent after 20 s.
 */
function openOn(now: number): Set<number> {
  const open = new Set<number>();
  for (const off of [-180, -165, -120, -60, 0, 60, 120, 165, 180]) {
    for (const grace of [0, 15, 60]) {
      for (const elapsed of [0, 5, 20]) {
        const there = now + (off + elapsed) * 1000;
        for (let minute = minuteAt(there) - 2; minute <= minuteAt(there) + 2; minute++) {
          if (there < minuteStart(minute) - grace * 1000) continue;
          if (there < minuteStart(minute + 1) + grace * 1000) open.add(minute);
        }
      }
    }
  }
  return new Set([...open].filter((minute) => minute >= 0));
}

Deno.test("no port is tried that is a trap in any minute the server may be in", async () => {
  let leftOut = 0;
  await fc.assert(
    fc.asyncProperty(anySchedule, anyMoment, fc.nat(200), async (making, now, traps) => {
      const schedule = await making;
      const neighbours = await safeNeighbours(schedule, now, traps);
      const current = minuteAt(now);
      for (const minute of openOn(now)) {
        const dangerous = new Set((await schedule.ports(minute, traps)).traps);
        assertEquals(neighbours.filter(({ port }) => dangerous.has(port)), []);
      }
      for (const { minute, port } of neighbours) {
        assertEquals((await schedule.ports(minute, 0)).ssh, port);
        assert(minute !== current && Math.abs(minute - current) <= REACH);
      }
      const { ssh } = await schedule.ports(current, 0);
      assertEquals(
        new Set([ssh, ...neighbours.map(({ port }) => port)]).size,
        neighbours.length + 1,
      );
      leftOut += 2 * REACH - neighbours.length;
    }),
    { numRuns: 50 },
  );
  assert(leftOut > 0, "the property was never put to the test");
});

Deno.test("without the number of traps no port is safe", async () => {
  const schedule = await Schedule.of(parseKey("classic:untold"));
  assertEquals(await safeNeighbours(schedule, minuteStart(1000), undefined), []);
});

Deno.test("the minute that is nearer in time is tried first", async () => {
  const schedule = await Schedule.of(parseKey("classic:nearest"));
  const order = async (second: number): Promise<number[]> =>
    (await safeNeighbours(schedule, minuteStart(1000) + second * 1000, 15))
      .map(({ minute }) => minute - 1000);
  assertEquals(await order(5), [-1, 1, -2, 2]);
  assertEquals(await order(55), [1, -1, 2, -2]);
  assertEquals((await safeNeighbours(schedule, 0, 15)).map(({ minute }) => minute), [1, 2]);
});

Deno.test("the difference of clocks lies within the bounds that are told", () => {
  const grace = 15_000;
  fc.assert(
    fc.property(
      fc.integer({ min: 10 * MINUTE_MS, max: 2 ** 41 }),
      fc.integer({ min: -150_000, max: 150_000 }),
      fc.integer({ min: 0, max: grace }),
      (now, ahead, itsGrace) => {
        const there = now + ahead;
        const opens = (minute: number): boolean =>
          there >= minuteStart(minute) - itsGrace && there < minuteStart(minute + 1) + itsGrace;
        const own = minuteAt(now);
        if (opens(own)) return;
        for (let open = own - 3; open <= own + 3; open++) {
          if (!opens(open)) continue;
          const { least, most } = skewOf(now, open);
          assert(least <= Math.ceil(ahead / 1000) && Math.floor(ahead / 1000) <= most);
        }
      },
    ),
  );
});

Deno.test("a difference is told from the server's side, in seconds", () => {
  assertEquals(skewOf(minuteStart(100) + 30_000, 101), { least: 30, most: 105 });
  assertEquals(skewOf(minuteStart(100) + 30_000, 99), { least: -105, most: -30 });
  assertEquals(
    describeSkew({ least: 30, most: 105 }),
    "the server's clock is 30 to 105 s ahead of this one",
  );
  assertEquals(
    describeSkew({ least: -105, most: -30 }),
    "the server's clock is 30 to 105 s behind this one",
  );
  assertEquals(
    describeSkew({ least: 40, most: 40 }),
    "the server's clock is 40 s ahead of this one",
  );
  assertEquals(describeSkew({ least: -1, most: -1 }), "the server's clock is 1 s behind this one");
  assertEquals(describeSkew({ least: 0, most: 0 }), "the server's clock agrees with this one");
});

Deno.test("what a change of minute between two looks explains is not told", () => {
  const change = minuteStart(100);
  assertEquals(isNotable(skewOf(change - 500, 100)), false);
  assertEquals(isNotable(skewOf(change + 500, 99)), false);
  assertEquals(isNotable(skewOf(change - 30_000, 100)), true);
  assertEquals(isNotable(skewOf(change + 30_000, 99)), true);
});

Deno.test("in the network of a door all minutes around are tried, each at its own address, the likeliest first", async () => {
  const schedule = await Schedule.of(parseKey(`c3po-1-${"A".repeat(43)}`));
  const door = "2001:db8:0:aa::/64";
  const now = minuteStart(1000) + 50_000;
  const neighbours = await doorNeighbours(schedule, door, now);
  assertEquals(neighbours.map(({ minute }) => minute), [1001, 999, 1002, 998]);
  for (const each of neighbours) {
    assertEquals(each, await placeIn(schedule, door, each.minute));
    assertEquals(each.port, (await placeIn(schedule, null, each.minute)).port);
  }
  assertEquals(new Set(neighbours.map(({ address }) => address)).size, 4);
  assertEquals((await doorNeighbours(schedule, door, 0)).map(({ minute }) => minute), [1, 2]);
});

Deno.test("of a derived key no number of traps is taken: its server has them from another key", () => {
  const key = parseKey("c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
  const own = { key, source: "a file", id: null, isDerived: false };
  assertEquals([trapsBy(own, 15), trapsBy({ ...own, traps: 255 }, undefined)], [15, 255]);
  assertEquals(trapsBy({ ...own, traps: 255 }, 15), 15, "what is said goes before what was noted");
  for (const told of [15, undefined]) {
    assertEquals(trapsBy({ ...own, isDerived: true, traps: 255 }, told), undefined);
  }
});

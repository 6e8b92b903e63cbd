import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { FORGET_SECONDS, Ledger, MOST_OFFENDERS } from "../../src/bans/ledger.ts";
import { parseAddress } from "../../src/os/address.ts";

const POLICY = { banTime: 900, banMax: 86_400 };
const NOW = Date.UTC(2026, 10, 22, 12);
const DAY = 86_400_000;

/** How many seconds each touch earns, when each comes as soon as the ban before it is over. */
function bansOf(touches: number, policy = POLICY): number[] {
  const ledger = new Ledger(policy);
  let now = NOW;
  return Array.from({ length: touches }, () => {
    const { until } = ledger.touch(parseAddress("192.0.2.1"), 4711, now)!;
    const seconds = (until - now) / 1000;
    now = until + 1000;
    return seconds;
  });
}

Deno.test("each repeat doubles a ban, up to the longest", () => {
  assertEquals(bansOf(9), [900, 1800, 3600, 7200, 14_400, 28_800, 57_600, 86_400, 86_400]);
  assertEquals(bansOf(3, { banTime: 600, banMax: 600 }), [600, 600, 600]);
});

Deno.test("however often an address comes back, no ban is longer than the longest", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 2_147_483 }),
    fc.integer({ min: 0, max: 2_147_483 }),
    (banTime, more) => {
      const banMax = Math.min(banTime + more, 2_147_483);
      return bansOf(40, { banTime, banMax }).every((ban) => ban >= banTime && ban <= banMax);
    },
  ));
});

Deno.test("touches of one scan are one offence", () => {
  const ledger = new Ledger(POLICY);
  assertEquals(ledger.touch(parseAddress("192.0.2.1"), 1, NOW)?.offences, 1);
  assertEquals(ledger.touch(parseAddress("192.0.2.1"), 2, NOW + 500), null);
  assertEquals(ledger.touch(parseAddress("192.0.2.2"), 2, NOW + 500)?.offences, 1);
  assertEquals(ledger.find(parseAddress("192.0.2.1"))?.lastPort, 1);
  assertEquals(ledger.touch(parseAddress("192.0.2.1"), 3, NOW + 5000)?.offences, 2);
});

Deno.test("seven quiet days after the end of a ban, an offender starts afresh", () => {
  const ledger = new Ledger({ banTime: 3 * 86_400, banMax: 3 * 86_400 });
  ledger.touch(parseAddress("192.0.2.1"), 1, NOW);
  const end = NOW + 3 * DAY;
  assertEquals(
    ledger.touch(parseAddress("192.0.2.1"), 1, end + FORGET_SECONDS * 1000)?.offences,
    2,
  );
  const later = end + 2 * FORGET_SECONDS * 1000 + 4 * DAY;
  assertEquals(ledger.touch(parseAddress("192.0.2.1"), 1, later)?.offences, 1);
});

Deno.test("who is forgiven starts afresh", () => {
  const ledger = new Ledger(POLICY);
  for (const address of ["192.0.2.1", "192.0.2.2"]) ledger.touch(parseAddress(address), 1, NOW);
  ledger.forgive(parseAddress("192.0.2.1"));
  assertEquals(ledger.touch(parseAddress("192.0.2.1"), 1, NOW + DAY)?.offences, 1);
  assertEquals(ledger.touch(parseAddress("192.0.2.2"), 1, NOW + DAY)?.offences, 2);
  ledger.forgiveAll();
  assertEquals([...ledger.offenders], []);
});

Deno.test("a flood costs the memory of so many offenders, and the quietest are forgotten", () => {
  const ledger = new Ledger(POLICY);
  for (let i = 0; i < MOST_OFFENDERS + 100; i++) {
    ledger.touch(parseAddress(`10.0.${i >> 8}.${i & 255}`), 1, NOW + i);
  }
  assertEquals([...ledger.offenders].length, MOST_OFFENDERS);
  assertEquals(ledger.find(parseAddress("10.0.0.99")), undefined);
  assertEquals(ledger.find(parseAddress("10.0.0.100"))?.offences, 1);
});

Deno.test("a ledger made of what another one knew goes on where that one stopped", () => {
  const first = new Ledger(POLICY);
  for (let i = 1; i <= 3; i++) first.touch(parseAddress(`192.0.2.${i}`), i, NOW + i);
  const second = new Ledger(POLICY, [...first.offenders].reverse());
  assertEquals([...second.offenders], [...first.offenders]);
  assertEquals(second.touch(parseAddress("192.0.2.2"), 9, NOW + DAY)?.offences, 2);
});

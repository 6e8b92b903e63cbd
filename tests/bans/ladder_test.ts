import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Ladder, LADDER_SECONDS, MOST_UNITS, STEP } from "../../src/bans/ladder.ts";
import { MOST_OFFENDERS } from "../../src/bans/ledger.ts";
import { type Address, networksOf, parseBanned, parseBannedNetwork } from "../../src/os/address.ts";

const NOW = Date.UTC(2026, 10, 29, 12);
const HOUR_MS = LADDER_SECONDS * 1000;

/** A /64 of 2001:db8::/48. @param narrow which of its /56 @param at which /64 in that */
function unit(narrow: number, at: number, site = 0): Address {
  return parseBanned(`2001:db8:${site.toString(16)}:${(narrow * 256 + at).toString(16)}::7`);
}

/** What each of some bans has banned as well. */
function climb(ladder: Ladder, units: readonly Address[], now = NOW): string[][] {
  return units.map((each) => ladder.climb(each, now).map(({ text }) => text));
}

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}

Deno.test("four banned /64 of a /56 ban it, and four banned /56 of a /48 ban that", () => {
  const ladder = new Ladder();
  const told = range(4).map((narrow) => climb(ladder, range(4).map((at) => unit(narrow, at))));
  const own = (narrow: number): string => networksOf(unit(narrow, 0))[0]!.text;
  for (const narrow of range(3)) assertEquals(told[narrow], [[], [], [], [own(narrow)]]);
  assertEquals(told[3], [[], [], [], [own(3), "2001:db8::/48"]]);
  assertEquals(climb(ladder, [unit(0, 0, 1)]), [[]], "another /48 is untouched");
});

Deno.test("the same /64 counts once, however often it comes back", () => {
  const ladder = new Ladder();
  assertEquals(climb(ladder, range(20).map(() => unit(0, 1))).flat(), []);
  assertEquals(climb(ladder, [2, 3, 4].map((at) => unit(0, at))).flat(), ["2001:db8::/56"]);
});

Deno.test("only what was banned within an hour counts, also of a clock that is set back", () => {
  const ladder = new Ladder();
  climb(ladder, [1, 2, 3].map((at) => unit(0, at)));
  assertEquals(climb(ladder, [unit(0, 4)], NOW + HOUR_MS), [[]]);
  assertEquals(climb(ladder, [5, 6].map((at) => unit(0, at)), NOW + HOUR_MS + 1), [[], []]);
  assertEquals(climb(ladder, [unit(0, 7)], NOW + 2 * HOUR_MS - 1), [["2001:db8::/56"]]);
  assertEquals(climb(ladder, [unit(0, 8)], NOW - 30 * 24 * HOUR_MS), [[]]);
});

Deno.test("sixty-four banned /64 ban a /48, wherever they are in it", () => {
  const ladder = new Ladder();
  const spread = range(MOST_UNITS).map((i) => unit(i % 32, Math.floor(i / 32)));
  const told = climb(ladder, spread);
  assertEquals(told.flat(), ["2001:db8::/48"]);
  assertEquals(told.at(-1), ["2001:db8::/48"]);
});

Deno.test("whatever its owner does, a /48 has at most sixty-four addresses an hour", () => {
  const anyUnit = fc.tuple(fc.nat(255), fc.nat(255));
  fc.assert(fc.property(fc.uniqueArray(anyUnit, { minLength: 70, selector: String }), (places) => {
    const ladder = new Ladder();
    const shut = new Set<string>();
    let banned = 0;
    for (const [narrow, at] of places) {
      const each = unit(narrow, at);
      if (networksOf(each).some(({ text }) => shut.has(text))) continue;
      banned++;
      for (const { text } of ladder.climb(each, NOW)) shut.add(text);
    }
    assert(banned <= MOST_UNITS && (shut.has("2001:db8::/48") || banned < MOST_UNITS));
    return true;
  }));
});

Deno.test("neither IPv4 nor networks that are private to a site are counted", () => {
  const ladder = new Ladder();
  const local = range(300).map((i) => parseBanned(`fd00:1:2:${i.toString(16)}::1`));
  const ipv4 = range(200).map((i) => parseBanned(`192.0.2.${i}`));
  assertEquals(climb(ladder, [...local, ...ipv4]).flat(), []);
});

Deno.test("who is forgiven does not count any more, alone or with the network around it", () => {
  const ladder = new Ladder();
  climb(ladder, [1, 2, 3].map((at) => unit(0, at)));
  ladder.forgive(unit(0, 1));
  assertEquals(climb(ladder, [4, 5].map((at) => unit(0, at))), [[], ["2001:db8::/56"]]);
  ladder.forgive(parseBannedNetwork("2001:db8::/56"));
  assertEquals(climb(ladder, [6, 7, 8].map((at) => unit(0, at))), [[], [], []]);
  for (const narrow of [1, 2, 3]) climb(ladder, range(STEP).map((at) => unit(narrow, at)));
  ladder.forgive(parseBannedNetwork("2001:db8::/48"));
  assertEquals(climb(ladder, range(STEP).map((at) => unit(0, at))).flat(), ["2001:db8::/56"]);
  ladder.forgiveAll();
  assertEquals(climb(ladder, [9, 10, 11].map((at) => unit(0, at))).flat(), []);
});

Deno.test("a ladder made of what was known goes on where the last one stopped", () => {
  const known = [3, 1, 2].map((at) => ({
    address: unit(0, at),
    offences: 1,
    lastHit: NOW - at * 1000,
    until: NOW + 900_000,
    lastPort: 1,
  }));
  const network = { ...known[0]!, address: parseBannedNetwork("2001:db8:0:100::/56") };
  const ladder = new Ladder([...known, network]);
  assertEquals(climb(ladder, [unit(0, 4)]), [["2001:db8::/56"]]);
});

Deno.test("a flood costs the memory of so many bans, and the oldest are forgotten", () => {
  const ladder = new Ladder();
  climb(ladder, [1, 2, 3].map((at) => unit(0, at)));
  for (const site of range(MOST_OFFENDERS)) ladder.climb(unit(0, 1, site + 1), NOW);
  assertEquals(climb(ladder, [unit(0, 4)]), [[]]);
});

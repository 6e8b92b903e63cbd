import { assertEquals } from "@std/assert";
import { compare } from "../../bench/soak/compare.ts";
import { gapOf } from "../../bench/soak/gap.ts";
import { verdictsOf } from "../../bench/soak/report.ts";
import type { Sample, Values } from "../../bench/soak/sample.ts";

const USUAL: Values = {
  residentMb: 60,
  ownMb: 40,
  allResidentMb: 65,
  allOwnMb: 41,
  descriptors: 36,
  threads: 8,
  processes: 3,
  cpuMs: 0,
};

/** Samples a minute apart, each of a server that used 100 ms of the processor a minute. */
function samples(
  count: number,
  of: (minute: number) => Partial<Values>,
  sets: (minute: number) => Record<string, number> = () => ({ ban4: 10 }),
): Sample[] {
  return Array.from({ length: count }, (_, i) => ({
    at: i * 60_000,
    load: 0,
    values: { ...USUAL, cpuMs: (i + 1) * 100, ...of(i + 1) },
    sets: sets(i + 1),
  }));
}

function grown(all: readonly Sample[]): string[] {
  return compare(all).filter(({ grew }) => grew).map(({ name }) => name);
}

Deno.test("a gap is from the first attempt that failed to the next that did not", () => {
  const attempts = (text: string) =>
    [...text].map((each, i) => ({ at: i * 5, open: each === "o" }));
  assertEquals(gapOf(attempts("oooo")), 0);
  assertEquals(gapOf(attempts("oxoo")), 5);
  assertEquals(gapOf(attempts("oxoxxo")), 10);
  assertEquals(gapOf(attempts("ooxx")), 5);
  assertEquals(gapOf(attempts("ooox")), 1);
  assertEquals(gapOf([]), 0);
});

Deno.test("what stays as it was after ten minutes has not grown, whatever it was before", () => {
  assertEquals(grown(samples(60, (minute) => minute < 6 ? { ownMb: 20, descriptors: 9 } : {})), []);
  assertEquals(compare(samples(60, () => ({}))).find(({ name }) => name === "cpuMs")!.end, 100);
});

Deno.test("a peak is not growth, and the table has it", () => {
  const rows = compare(samples(60, (minute) => minute === 58 ? { descriptors: 90 } : {}));
  const { settled, end, most, grew } = rows.find(({ name }) => name === "descriptors")!;
  assertEquals([settled, end, most, grew], [36, 36, 90, false]);
});

Deno.test("a leak is growth: of memory, descriptors, processes, time of the processor, a set", () => {
  assertEquals(grown(samples(60, (minute) => ({ ownMb: 40 + minute * 0.3 }))), ["ownMb"]);
  assertEquals(grown(samples(60, (minute) => ({ descriptors: 36 + minute }))), ["descriptors"]);
  assertEquals(grown(samples(60, (minute) => ({ processes: minute > 40 ? 5 : 3 }))), ["processes"]);
  assertEquals(grown(samples(60, (minute) => ({ cpuMs: minute * minute * 30 }))), ["cpuMs"]);
  assertEquals(grown(samples(60, () => ({}), (minute) => ({ ban4: minute * 2 }))), ["ban4"]);
});

Deno.test("the sets of all minutes are one, and what is kept of sessions may become more", () => {
  const slots = samples(
    60,
    () => ({}),
    (minute) => ({ [`c3po-0-${minute}`]: 15, run4: minute * 9 }),
  );
  assertEquals(compare(slots).filter(({ end }) => end === 15).map(({ name }) => name), [
    "c3po-0-N",
  ]);
  assertEquals(grown(slots), []);
});

Deno.test("a short run is compared from its middle on, and one of three minutes not at all", () => {
  assertEquals(grown(samples(8, (minute) => ({ descriptors: 30 + minute * 2 }))), ["descriptors"]);
  assertEquals(compare(samples(3, () => ({}))), []);
});

Deno.test("a run is told what was wrong with it: growth, gaps, changes that were not seen", () => {
  const change = (minute: number, failed: number) => ({
    minute,
    attempts: 58,
    failed,
    gapMs: failed * 5,
  });
  const run = {
    engine: "iptables",
    samples: samples(20, () => ({})),
    changes: [change(7, 0), change(8, 3)],
    boundaries: 3,
    overflows: 0,
    done: { forged: 1, own: 1, login: 1, ban: 1, reload: 1 },
    failures: [],
  } as const;
  assertEquals(verdictsOf(run, compare(run.samples)), [
    "minute 8 began with a gap of 15 ms (3 of 58 attempts failed)",
    "1 changes of minute were not seen",
  ]);
  const fine = { ...run, changes: [change(7, 0), change(8, 0), change(9, 0)] };
  assertEquals(verdictsOf(fine, compare(fine.samples)), []);
  assertEquals(verdictsOf(fine, []), ["too few minutes to compare"]);
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  differences,
  quantile,
  ratios,
  summary,
  usualMinute,
} from "../../bench/side/harness/stats.ts";
import { interleaved } from "../../bench/side/harness/timing.ts";
import { more, number, spread, table } from "../../bench/side/text.ts";

Deno.test("a summary has the median and the quartiles, interpolated", () => {
  const { median, low, high, least, most, count } = summary([4, 1, 3, 2]);
  assertEquals([median, low, high, least, most, count], [2.5, 1.75, 3.25, 1, 4, 4]);
  assertEquals(summary([7]).p99, 7);
  assertThrows(() => summary([]), RangeError);
});

Deno.test("a quantile lies between two measurements, in whichever order they came", () => {
  const shares = [0, 0.25, 0.5, 0.9, 1];
  assertEquals(shares.map((share) => quantile([40, 10, 20, 30], share)), [10, 17.5, 25, 37, 40]);
  assertThrows(() => quantile([], 0.5), RangeError, "nothing was measured");
});

Deno.test("differences are those of the pairs, so that what disturbs both cancels out", () => {
  const { median, low, high } = differences([110, 1010, 12], [100, 1000, 2]);
  assertEquals([median, low, high], [10, 10, 10]);
});

Deno.test("ratios are those of blocks that were measured at the same time", () => {
  const base = [1, 1, 1, 10, 10, 10, 99];
  const { median, least, most, count } = ratios([1.1, 9, 1.1, 12, 12, 1, 0], base, 3);
  assertEquals([median, least, most].map(Math.round), [15, 10, 20]);
  assertEquals(count, 2);
});

Deno.test("a usual minute has what each minute has, and not what came once", () => {
  const minute = (extra: number, at: number) =>
    Array.from({ length: 60 }, (_, i) => (i === 30 ? 6 : 1) + (i === at ? extra : 0));
  const seconds = [...minute(0, 0), ...minute(300, 7), ...minute(0, 0)];
  assertEquals(usualMinute(seconds), { usual: 65, seconds: minute(0, 0), mean: 165 });
  assertThrows(() => usualMinute(seconds.slice(1)), RangeError);
  assertThrows(() => usualMinute([]), RangeError);
});

Deno.test("ways take turns, the order alternates, and the first round does not count", async () => {
  const order: string[] = [];
  const way = (name: string) => ({
    name,
    command: name,
    before: () => Promise.resolve(void order.push(`before ${name}`)),
    once: () => Promise.resolve(void order.push(name)),
  });
  const timed = await interleaved([way("a"), way("b")], 2);
  assertEquals(timed.map(({ ms }) => ms.length), [2, 2]);
  assertEquals(
    order.filter((each) => !each.startsWith("before")),
    ["a", "b", "b", "a", "a", "b"],
  );
  assertEquals(order.slice(0, 2), ["before a", "a"]);
});

Deno.test("figures are written with three digits that count", () => {
  assertEquals([0, 0.04237, 4.2149, 118.4, 6543.2].map(number), [
    ...["0", "0.0424", "4.21", "118", "6,543"],
  ]);
  const some = summary([-1, 2, 5]);
  assertEquals(spread(some), "2 (0.5–3.5)");
  assertEquals(more(some), "+2 (+0.5 to +3.5)");
  assertEquals(spread(undefined), "–");
});

Deno.test("a table has its figures on the right", () => {
  assertEquals(table(["", "ms"], [["c3po", "1"]]), "|  | ms |\n| --- | ---: |\n| c3po | 1 |");
});

Deno.test("every picture of the document is there", async () => {
  const docs = new URL("../../docs/", import.meta.url);
  const text = await Deno.readTextFile(new URL("BENCHMARKS.md", docs));
  const pictures = [...text.matchAll(/\]\((pictures\/[\w-]+\.svg)\)/g)].map(([, path]) => path!);
  assert(pictures.length >= 3);
  for (const path of pictures) {
    assert((await Deno.readTextFile(new URL(path, docs))).startsWith("<svg"), path);
  }
});

import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { banMinutes, FORGOTTEN, LAST_STEP, POLICY } from "../../bench/odds/bans.ts";
import { deviation, type Figure, TOLERANCE } from "../../bench/odds/figure.ts";
import * as odds from "../../bench/odds/formulas.ts";
import { addressesOf } from "../../bench/odds/ladder.ts";
import { FIRST_MINUTE, scheduleOf, windowsAround } from "../../bench/odds/minutes.ts";
import { Random, RandomOrder } from "../../bench/odds/random.ts";
import results from "../../bench/odds/results.json" with { type: "json" };
import { simulate } from "../../bench/odds/simulate.ts";
import { metByMinute } from "../../bench/odds/slow.ts";
import { tripwires } from "../../bench/odds/tripwires.ts";
import { parseAddress, parseBanned } from "../../src/os/address.ts";
import { FORGET_SECONDS, Ledger } from "../../src/bans/ledger.ts";
import { MINUTE_MS, minuteStart } from "../../src/schedule/minute.ts";
import { sizeOf } from "../../src/schedule/ports.ts";
import type { MinutePorts } from "../../src/schedule/schedule.ts";
import { openAt } from "../../src/schedule/windows.ts";
import { trapCount } from "../../src/users/port_planner.ts";

const { N } = odds;
const SCANNER = parseAddress("192.0.2.1");

/** Every way to place an SSH port and `t` traps on `n` ports; `s`, `t` and `.` in the order of a scan. */
function* placements(n: number, t: number): Generator<string> {
  if (n === 0) return yield "";
  if (t < n - 1) { for (const rest of placements(n - 1, t)) yield "." + rest; }
  if (t > 0) { for (const rest of placements(n - 1, t - 1)) yield "t" + rest; }
  for (const rest of trapsOnly(n - 1, t)) yield "s" + rest;
}

function* trapsOnly(n: number, t: number): Generator<string> {
  if (n === 0) return yield "";
  if (t < n) { for (const rest of trapsOnly(n - 1, t)) yield "." + rest; }
  if (t > 0) { for (const rest of trapsOnly(n - 1, t - 1)) yield "t" + rest; }
}

const share = (all: string[], of: (one: string) => boolean) => all.filter(of).length / all.length;
const untilSsh = (one: string) => one.slice(0, one.indexOf("s"));
const count = (text: string) => text.split("t").length - 1;

Deno.test("the formulas are what counting every placement of few ports gives", () => {
  for (const [n, t] of [[6, 1], [8, 2], [12, 3], [12, 5]] as const) {
    const all = [...placements(n, t)];
    assertEquals(new Set(all).size, all.length);
    assertAlmostEquals(share(all, (one) => count(untilSsh(one)) === 0), odds.firstIsSsh(t), 1e-12);
    for (const k of [1, 2, 3, 4, 6]) {
      assertAlmostEquals(share(all, (one) => count(untilSsh(one)) < k), odds.together(t, k), 1e-12);
      if (n % k > 0) continue;
      const own = (one: string) => untilSsh(one).slice(-(untilSsh(one).length % (n / k)) || n);
      const met = share(all, (one) => count(own(one)) === 0);
      assertAlmostEquals(met, odds.shares(n, t, k), 1e-12);
    }
    for (const perMinute of [1, 2, 5, n]) {
      const sent = all.map((one) => one.slice(0, perMinute))
        .map((one) => one.includes("t") ? one.indexOf("t") + 1 : perMinute);
      const aMinute = sent.reduce((sum, each) => sum + each) / all.length;
      const ends = share(all, (one) => one.slice(0, perMinute).includes("t"));
      assertAlmostEquals(aMinute / ends, odds.probesUntilBanned(n, t, perMinute), 1e-9);
    }
  }
});

Deno.test("no plan of a botnet, whenever it stops and begins anew, beats k/(t+1)", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 40 }), (t, k) => {
      // With `left` addresses and `found` traps known, the next open port decides: it is the SSH port
      // with chance 1 / (t + 1 - found), or a trap; then the minute goes on or another is begun.
      const best = (left: number, found: number): number => {
        if (left === 0) return 0;
        const ssh = 1 / (t + 1 - found);
        if (ssh === 1) return 1;
        return ssh + (1 - ssh) * Math.max(value(left - 1, found + 1), value(left - 1, 0));
      };
      const known = new Map<number, number>();
      const value = (left: number, found: number): number => {
        const at = left * 64 + found;
        if (!known.has(at)) known.set(at, best(left, found));
        return known.get(at)!;
      };
      assertAlmostEquals(value(k, 0), odds.together(t, k), 1e-9);
      assert(odds.apart(t, k) <= odds.together(t, k) + 1e-12);
      assert(odds.shares(N, t, k) <= odds.together(t, k) + 1e-12);
    }),
  );
});

Deno.test("with no traps the year of a slow scanner is that of a port that only moves", () => {
  const met = metByMinute(N, 0, 20_000);
  for (const minutes of [1, 2, 1000, 20_000]) {
    assertAlmostEquals(met[minutes]!, odds.movingPort(N, minutes), 1e-12);
  }
});

Deno.test("bans on paper last as long as the ledger's, and are forgotten as soon", () => {
  const ledger = new Ledger(POLICY);
  let now = 0;
  for (let ban = 1; ban <= LAST_STEP + 2; ban++) {
    const { until } = ledger.touch(SCANNER, 4242, now)!;
    assertEquals((until - now) / MINUTE_MS, banMinutes(ban));
    now = until + FORGOTTEN * MINUTE_MS;
  }
  assert(banMinutes(LAST_STEP) > banMinutes(LAST_STEP - 1));
  assertEquals(FORGOTTEN * 60, FORGET_SECONDS);
  assertEquals(ledger.touch(SCANNER, 4242, now + MINUTE_MS)!.offences, 1);
});

/** Pearson's statistic of a table against equal chances, in standard deviations off what is usual. */
function unevenness(values: Iterable<number>, bins: number): number {
  const seen = new Array(bins).fill(0);
  let total = 0;
  for (const value of values) {
    seen[Math.floor(value * bins)]++;
    total++;
  }
  const expected = total / bins;
  const statistic = seen.reduce((sum, each) => sum + (each - expected) ** 2 / expected, 0);
  return (statistic - (bins - 1)) / Math.sqrt(2 * (bins - 1));
}

Deno.test("drawing from a generator stands for the real schedule: its ports are spread evenly", async () => {
  const schedule = await scheduleOf(new Random(1));
  const { low } = schedule.range;
  const place = (port: number) => (port - low) / N;
  const minutes: MinutePorts[] = [];
  for (let i = 0; i < 20_000; i++) minutes.push(await schedule.ports(FIRST_MINUTE + i, 15));
  assertEquals(sizeOf(schedule.range), N);
  const steps = minutes.slice(1).map(({ ssh }, i) => ((ssh - minutes[i]!.ssh + N) % N) / N);
  const ranks = minutes.map(({ ssh, traps }) => traps.filter((trap) => trap < ssh).length / 16);
  for (
    const [what, values, bins] of [
      ["the SSH port", minutes.map(({ ssh }) => place(ssh)), 63],
      ["the traps", minutes.flatMap(({ traps }) => traps.map(place)), 63],
      ["the step from one SSH port to the next", steps, 63],
      ["the SSH port's place among the open ports", ranks, 16],
    ] as const
  ) {
    const off = unevenness(values, bins);
    assert(Math.abs(off) < TOLERANCE, `${what}: ${off}`);
  }
});

Deno.test("a slow scanner meets as much in the real schedule as on drawn ports", async () => {
  const random = new Random(2);
  const schedule = await scheduleOf(random);
  const traps = 255, minutes = 4000, each = 16;
  let real = 0, drawn = 0;
  for (let i = 0; i < minutes; i++) {
    const { ssh, traps: set } = await schedule.ports(FIRST_MINUTE + i, traps);
    const open = new Set([ssh, ...set]);
    // A scanner with a habit, which only the schedule can surprise.
    for (let port = 0; port < each; port++) if (open.has(2222 + 1000 * port)) real++;
    for (let port = 0; port < each; port++) if (random.below(N) <= traps) drawn++;
  }
  const expected = minutes * each * (traps + 1) / N;
  for (const met of [real, drawn]) {
    assert(Math.abs(met - expected) < TOLERANCE * Math.sqrt(expected), `${met} for ${expected}`);
  }
});

Deno.test("a random order has each port once, and any port anywhere", () => {
  const order = new RandomOrder(100, 20, new Random(3));
  const firsts: number[] = [], lasts: number[] = [];
  for (let i = 0; i < 4000; i++) {
    const walk = Array.from({ length: 20 }, (_, place) => order.at(place));
    assertEquals(new Set(walk).size, 20);
    firsts.push((walk[0]! - 100) / 20);
    lasts.push((walk[19]! - 100) / 20);
    order.at(0); // a walk that ends early does no harm to the next
  }
  for (const values of [firsts, lasts]) assert(Math.abs(unevenness(values, 20)) < TOLERANCE);
});

Deno.test("whatever the grace, sshd is one of t+1 open ports at every moment, but for ports that minutes share", async () => {
  const schedule = await scheduleOf(new Random(4));
  const minutes = 20;
  for (const traps of [15, 255, 4095]) {
    for (const grace of [0, 1, 15, 30, 45, 60]) {
      const windows = await windowsAround(schedule, FIRST_MINUTE, minutes, traps, { grace });
      for (const second of [0, 10, 25, 35, 50, 59]) {
        let sum = 0, together = 0;
        for (let i = 0; i < minutes; i++) {
          const open = openAt(windows, minuteStart(FIRST_MINUTE + i) / 1000 + second);
          together = new Set(open.flatMap(({ doors }) => doors.map(({ port }) => port))).size;
          const trapped = new Set(open.flatMap((each) => each.traps)).size;
          sum += together / (together + trapped);
        }
        const ratio = sum / minutes / odds.inGrace(N, traps, together);
        assertAlmostEquals(ratio, 1, 0.002, `${traps} traps, ${grace} s, at second ${second}`);
        assert(odds.inGrace(N, traps, together) < 1.07 * odds.firstIsSsh(traps));
      }
    }
  }
});

Deno.test("addresses that spend themselves on two minutes at once do worse than on one", () => {
  for (const t of [15, 255]) {
    assertAlmostEquals(odds.inGrace(N, t, 1), odds.firstIsSsh(t), 1e-12);
    for (let k = 1; k <= t + 1; k++) {
      const open = 2 * (t + 1);
      const missesBoth = (open - k) * (open - 1 - k) / (open * (open - 1));
      assert(1 - missesBoth <= odds.together(t, k) + 1e-12);
    }
  }
});

Deno.test("the real ladder leaves the owner of a network as many addresses as on paper", () => {
  for (let prefix = 64; prefix >= 48; prefix--) {
    assertEquals(addressesOf(prefix), odds.climbable(prefix), `/${prefix}`);
  }
  assertEquals([64, 56, 48].map(odds.climbable), [1, 4, 64]);
});

Deno.test("a ban takes all of a /64 from its owner", () => {
  const hex = fc.integer({ min: 0, max: 0xffff }).map((word) => word.toString(16));
  fc.assert(fc.property(fc.array(hex, { minLength: 4, maxLength: 4 }), (host) => {
    const { text } = parseBanned(`2001:db8:1:2:${host.join(":")}`);
    assertEquals(text, "2001:db8:1:2::/64");
  }));
});

function checkAgreement(figures: readonly Figure[]): void {
  for (const { name, curves } of figures) {
    for (const curve of curves) {
      for (const point of curve.points) {
        const off = deviation(point);
        assert(
          off <= TOLERANCE,
          `${name}, ${curve.name}, at ${point.x}: ${off} standard errors off`,
        );
      }
    }
  }
}

Deno.test("a small simulation agrees with the formulas within its stated error", async () => {
  const { figures, probes } = await simulate(7, { probes: 1 });
  checkAgreement(figures);
  assert(probes > 10_000_000);
});

Deno.test("the published simulation agrees with the formulas within its stated error", () => {
  checkAgreement(results.figures as Figure[]);
  assert(results.probes > 10_000_000);
});

Deno.test("the same seed gives the same numbers, another one gives others", async () => {
  const run = async (seed: number) =>
    JSON.stringify(await tripwires(new Random(seed), { probes: 1 }));
  assertEquals(await run(1), await run(1));
  assertNotEquals(await run(1), await run(2));
});

Deno.test("every simulated figure has its picture, and the security model shows it", async () => {
  const model = await Deno.readTextFile(new URL("../../docs/SECURITY-MODEL.md", import.meta.url));
  for (const { name } of results.figures) {
    const url = new URL(`../../docs/pictures/${name}.svg`, import.meta.url);
    assert((await Deno.readTextFile(url)).startsWith("<svg"), name);
    assert(model.includes(`(pictures/${name}.svg)`), name);
  }
});

Deno.test("sharing bans at once leaves one server of a fleet the odds of one alone, and never costs any", () => {
  const scan = { n: N, t: 15, servers: 1000, rate: 1000 };
  const alone = odds.metAlone({ ...scan, lasting: Infinity });
  assertAlmostEquals(alone, odds.firstIsSsh(15), 1e-12);
  // Sshd of any of them before the first trap of any: as on one server.
  assertAlmostEquals(1000 * odds.metShared(scan, 0), 1 / (15 + 1 / 1000), 1e-12);
  assertAlmostEquals(odds.metShared(scan, Infinity) / alone, 1, 1e-3);
  let last = 0;
  for (const delay of [0, 0.05, 1, 10, 900]) {
    const met = odds.metShared(scan, delay);
    assert(met > last && met < alone, `${delay}`);
    const about = 1 / (1000 * 15) + 1000 * delay / (N * 1000);
    if (delay <= 1) assertAlmostEquals(met / about, 1, 0.01);
    last = met;
  }
});

Deno.test("with traps for each port users cost no odds, until traps take half the range", () => {
  const range = { low: 1024, high: 1023 + N };
  const chance = (users: number, perPort: number): number =>
    odds.firstIsReal(N, users, trapCount(perPort, users, range));
  for (const perPort of [15, 255, 4095]) {
    assertAlmostEquals(chance(1, perPort) / odds.firstIsSsh(perPort), 1, 1e-4);
  }
  for (const users of [1, 30, 300]) {
    const ratio = chance(users, 15) / odds.firstIsSsh(15);
    assert(ratio >= 1 - 1e-4 && ratio < 1.02, `${users} users: ${ratio}`);
  }
  // From here on each user takes a share of traps that are no more.
  assertAlmostEquals(chance(1000, 4095) / chance(100, 4095), 10, 0.5);
});

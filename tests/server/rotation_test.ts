import { Tally } from "../../src/core/tally.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Failure } from "../../src/core/errors.ts";
import { parseKey } from "../../src/core/key.ts";
import { MINUTE_MS, minuteAt } from "../../src/core/minute.ts";
import type { Opening, PortRules } from "../../src/core/opening.ts";
import { Schedule } from "../../src/core/schedule.ts";
import type { Clock } from "../../src/host/clock.ts";
import { type Opener, Rotation } from "../../src/server/rotation.ts";

const START = Date.UTC(2026, 10, 22, 12, 0, 20);

/** Something happens to the clock once a waiting has brought it so far. */
interface Step {
  /** Milliseconds of waiting after which it happens. */
  readonly after: number;
  /** Milliseconds the clock is set forward, or backward. */
  readonly by: number;
}

/** A clock that moves only while somebody waits, and is set as a test has it. */
class SetClock implements Clock {
  #now: number;
  #waited = 0;
  readonly #steps: Step[];
  readonly #look: (waited: number) => void;

  /** @param look is called every quarter of a second while somebody waits */
  constructor(steps: readonly Step[], start: number, look: (waited: number) => void) {
    this.#now = start;
    this.#steps = [...steps].sort((a, b) => a.after - b.after);
    this.#look = look;
  }

  now(): number {
    return this.#now;
  }

  async sleep(ms: number): Promise<void> {
    await Promise.resolve();
    for (let left = ms; left > 0; left -= 250) {
      this.#waited += Math.min(left, 250);
      this.#now += Math.min(left, 250);
      while (this.#steps[0] && this.#steps[0].after <= this.#waited) {
        this.#now = Math.max(0, this.#now + this.#steps.shift()!.by);
      }
      this.#look(this.#waited);
    }
  }

  /** As the machine's own: the clock is looked at each second. */
  async until(moment: number, signal?: AbortSignal): Promise<void> {
    for (let last = this.#now; this.#now < moment && this.#now >= last && !signal?.aborted;) {
      last = this.#now;
      await this.sleep(Math.min(moment - this.#now, 1000));
    }
  }
}

/** What was opened, and when by the clock of the machine. */
interface Opened {
  readonly at: number;
  readonly opening: Opening;
}

interface Run {
  readonly opened: Opened[];
  /** The longest time on end, in milliseconds, in which the minute that was open was not the clock's. */
  readonly longestWrong: number;
}

async function rotate(
  steps: readonly Step[],
  { forMs = 5 * MINUTE_MS, grace = 15, fails = () => false, start = START }: {
    forMs?: number;
    grace?: number;
    fails?: (count: number) => boolean;
    start?: number;
  } = {},
): Promise<Run> {
  const end = new AbortController();
  const opened: Opened[] = [];
  let longestWrong = 0;
  let rightAt = 0;
  const clock: Clock = new SetClock(steps, start, (waited) => {
    const opening = rotation.opening;
    const isRight = opening?.minute === minuteAt(clock.now()) &&
      opening.ssh.every(({ port }) =>
        opened.at(-1)!.opening.ssh.some((each) => each.port === port)
      );
    if (isRight) rightAt = waited;
    longestWrong = Math.max(longestWrong, waited - rightAt);
    if (waited >= forMs) end.abort();
  });
  let count = 0;
  const kernel: Opener = {
    stage: (opening) =>
      Promise.resolve({
        apply: () => {
          if (fails(count++)) return Promise.reject(new Failure("ipset: as asked"));
          opened.push({ at: clock.now(), opening });
          return Promise.resolve();
        },
        cancel: () => Promise.resolve(),
      }),
  };
  const schedule = await Schedule.of(parseKey("classic:rotation"));
  const rules: PortRules = { grace, taken: new Set(), tripwires: [], own: new Set([22]) };
  const tally = new Tally(clock.now());
  const options = { schedule, traps: 3, grace, rules: () => Promise.resolve(rules), tally };
  const rotation = new Rotation(options, kernel, clock);
  await rotation.run(end.signal);
  return { opened, longestWrong };
}

/** Every opening is that of its moment, and no minute is ever opened with other ports than before. */
async function assertFollowsUtc({ opened }: Run): Promise<void> {
  const schedule = await Schedule.of(parseKey("classic:rotation"));
  for (const { at, opening } of opened) {
    assert(Math.abs(at - opening.minute * MINUTE_MS - MINUTE_MS / 2) <= MINUTE_MS / 2 + 1000);
    const { ssh, traps } = await schedule.ports(opening.minute, 3);
    assert(opening.ssh.some(({ port }) => port === ssh), "the SSH port of the minute is open");
    const trapped = opening.traps.map(({ port }) => port);
    assertEquals(traps.filter((port) => !trapped.includes(port)), []);
  }
}

Deno.test("with a steady clock each minute is opened once, as it begins", async () => {
  const run = await rotate([], { grace: 0 });
  await assertFollowsUtc(run);
  const minutes = run.opened.map(({ opening }) => opening.minute);
  assertEquals(minutes, Array.from({ length: minutes.length }, (_, i) => minuteAt(START) + i));
  for (const { at, opening } of run.opened.slice(1)) assertEquals(at, opening.minute * MINUTE_MS);
});

Deno.test("with a grace the kernel is told once a minute, and the port of the minute is always open", async () => {
  const run = await rotate([], { grace: 15 });
  await assertFollowsUtc(run);
  assertEquals(run.longestWrong <= 250, true, `wrong for ${run.longestWrong} ms`);
  const at = run.opened.slice(1).map(({ at }) => at % MINUTE_MS);
  assertEquals(at, [45_000, 45_000, 45_000, 45_000, 45_000]);
});

const STEPS: readonly [string, number][] = [
  ["an hour forward", 3_600_000],
  ["an hour backward", -3_600_000],
  ["a leap second", -1000],
  ["right before the change", 38_900],
  ["backward over the change that was just made", -61_000],
  ["from 1970 to now (no battery, before NTP)", START],
  ["ten years ahead", 315_360_000_000],
];

for (const [what, by] of STEPS) {
  for (const after of [5000, 39_000, 40_000, 41_000]) {
    Deno.test(`the clock is set, ${what}, after ${after} ms: ports follow within a second`, async () => {
      const start = by === START ? 20_000 : START;
      const run = await rotate([{ after, by }], { start });
      await assertFollowsUtc(run);
      assert(run.longestWrong <= 1250, `wrong for ${run.longestWrong} ms`);
    });
  }
}

Deno.test("a suspend of any length ends with the ports of the moment", async () => {
  for (const by of [90_000, 8 * 3_600_000]) {
    await assertFollowsUtc(await rotate([{ after: 7500, by }]));
  }
});

Deno.test("however the clock is set, nothing throws and UTC is followed", async () => {
  const step = fc.record({
    after: fc.integer({ min: 0, max: 120_000 }),
    by: fc.integer({ min: -7_200_000, max: 7_200_000 }),
  });
  const property = fc.asyncProperty(
    fc.array(step, { maxLength: 6 }),
    fc.constantFrom(0, 3, 15, 60),
    async (steps, grace) => {
      await assertFollowsUtc(await rotate(steps, { grace, forMs: 2 * MINUTE_MS }));
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

Deno.test("a change that fails is made again until it works, and none is forgotten", async () => {
  const run = await rotate([], { fails: (count) => count % 3 !== 0, grace: 0 });
  await assertFollowsUtc(run);
  const minutes = new Set(run.opened.map(({ opening }) => opening.minute));
  assert(minutes.size >= 5, `opened ${[...minutes]}`);
});

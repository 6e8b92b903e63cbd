/**
 * `c3po serve` on a clock that leaves out what is dull: `fast_serve.ts SPEED ARGS…`. Time runs SPEED times
 * as fast, and jumps to shortly before each change of minute. The rest is the real program and the real
 * kernel. Prints, ahead of each change, when it is due: `{"due": MS, "minute": N}`, in real unix
 * milliseconds.
 */
import { run } from "../../../src/cli.ts";
import { minuteAt, minuteStart } from "../../../src/core/minute.ts";
import type { Clock } from "../../../src/host/clock.ts";
import { systemClock } from "../../../src/host/clock.ts";
import { systemHost } from "../../../src/host/host.ts";

/** How long before a change the clock goes on, in its own milliseconds: the rotation needs 1500. */
const AHEAD_MS = 2600;

const [speed, ...args] = Deno.args;
const rate = Number(speed);
const real = (): number => performance.timeOrigin + performance.now();
const began = real();
let jumped = 0;
let announced = 0;

const clock: Clock = {
  now: () => began + jumped + (real() - began) * rate,
  sleep: (ms, signal) => systemClock.sleep(ms / rate, signal),
  until: async (moment, signal) => {
    const minute = minuteAt(clock.now()) + 1;
    const left = minuteStart(minute) - clock.now();
    if (left > AHEAD_MS) jumped += left - AHEAD_MS;
    if (announced < minute) {
      announced = minute;
      const due = real() + (minuteStart(minute) - clock.now()) / rate;
      Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify({ due, minute }) + "\n"));
    }
    await systemClock.sleep(Math.min((moment - clock.now()) / rate, 900), signal);
  },
};

Deno.exit(await run(args, { ...systemHost, clock }));

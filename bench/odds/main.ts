// deno-lint-ignore-file no-console -- a program of its own: this is its output
/**
 * Simulates and writes the numbers of the pictures:
 *
 *     deno task odds [--seed N] [--probes N] [--out FILE]
 *
 * `--probes` is for each point of each curve. Exit code 1 if a simulation contradicts its formula.
 */

import { parseArgs } from "@std/cli/parse-args";
import { deviation, TOLERANCE } from "./figure.ts";
import { simulate } from "./simulate.ts";

const args = parseArgs(Deno.args, {
  string: ["seed", "probes", "out"],
  default: { seed: "2007", probes: "10000000", out: "bench/odds/results.json" },
});
const began = performance.now();
const results = await simulate(Number(args.seed), { probes: Number(args.probes) });
const seconds = (performance.now() - began) / 1000;

let worst = 0, points = 0, squares = 0;
for (const figure of results.figures) {
  for (const curve of figure.curves) {
    for (const point of curve.points) {
      const off = deviation(point);
      worst = Math.max(worst, off);
      squares += off ** 2;
      points++;
      if (off <= TOLERANCE) continue;
      console.error(
        `${figure.name}, ${curve.name}, at ${point.x}: ${point.simulated} is ` +
          `${off.toFixed(1)} standard errors off ${point.formula}`,
      );
    }
  }
}
await Deno.writeTextFile(args.out, `${JSON.stringify(results, null, 1)}\n`);
console.log(
  `${results.probes} probes in ${seconds.toFixed(1)} s, ${points} points; off their formulas by ` +
    `${Math.sqrt(squares / points).toFixed(2)} standard errors (root mean square), ` +
    `${worst.toFixed(2)} at most`,
);
Deno.exit(worst > TOLERANCE ? 1 : 0);

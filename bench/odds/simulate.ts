import { botnets, networks } from "./addresses.ts";
import type { Effort, Figure } from "./figure.ts";
import { Random } from "./random.ts";
import { slowScans } from "./slow.ts";
import { sweeps, untilBanned } from "./sweeps.ts";

/** All pictures' numbers from one seed. */
export async function simulate(seed: number, effort: Effort): Promise<Figure[]> {
  const random = new Random(seed);
  return [
    await sweeps(random, effort),
    await botnets(random, effort),
    await untilBanned(random, effort),
    slowScans(random, effort),
    await networks(random, effort),
  ];
}

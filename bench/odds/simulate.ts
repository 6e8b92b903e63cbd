import { botnets, networks } from "./addresses.ts";
import type { Effort, Figure } from "./figure.ts";
import { Random } from "./random.ts";
import { slowScans } from "./slow.ts";
import { sweeps, untilBanned } from "./sweeps.ts";
import { tripwires } from "./tripwires.ts";
import { manyUsers } from "./users.ts";

/** What `results.json` holds: the same seed and effort give the same, byte for byte. */
export interface Results {
  readonly seed: number;
  /** Probes drawn at random altogether. */
  readonly probes: number;
  readonly figures: readonly Figure[];
}

/**
 * The numbers of all pictures.
 *
 * @param seed a whole number of 32 bits
 */
export async function simulate(seed: number, effort: Effort): Promise<Results> {
  const random = new Random(seed);
  const figures = [
    await sweeps(random, effort),
    await botnets(random, effort),
    await untilBanned(random, effort),
    slowScans(random, effort),
    await networks(random, effort),
    await tripwires(random, effort),
    await manyUsers(random, effort),
  ];
  return { seed, probes: random.drawn, figures };
}

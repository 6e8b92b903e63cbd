import { botnets, networks } from "./addresses.ts";
import type { Effort, Figure } from "./figure.ts";
import { fleet } from "./fleet.ts";
import { Random } from "./random.ts";
import { climbs, tries } from "./ladder.ts";
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
  // By numbers of its own, as below: it can be simulated without the rest, which takes minutes.
  const ofFleet = new Random(seed + 1);
  const before = [
    await sweeps(random, effort),
    await botnets(random, effort),
    await untilBanned(random, effort),
    slowScans(random, effort),
  ];
  const network = await networks(random, effort);
  const figures = [
    ...before,
    network,
    await tripwires(random, effort),
    await manyUsers(random, effort),
    fleet(ofFleet, effort),
  ];
  // By numbers of their own, so that the other figures stay as they were before there was a ladder.
  const own = new Random(seed + 1);
  const steps = await climbs(own, effort);
  const all = figures.map((figure) =>
    figure === network ? { ...figure, curves: [...steps, ...figure.curves] } : figure
  );
  all.push(await tries(own, effort));
  return { seed, probes: random.drawn + ofFleet.drawn + own.drawn, figures: all };
}

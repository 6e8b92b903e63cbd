import {
  applyOpening,
  createSets,
  hideSeconds,
  stageOpening,
} from "../../src/core/firewall/ipset.ts";
import { allSets } from "../../src/core/firewall/sets.ts";
import { minuteAt } from "../../src/core/minute.ts";
import { openingAt } from "../../src/core/opening.ts";
import { parseKey } from "../../src/core/key.ts";
import { neighboursOf, Schedule } from "../../src/core/schedule.ts";
import { Lab } from "../../tests/kernel/lab.ts";
import { quantile, round, timed } from "./measure.ts";

const TURNS = 20;

/** What a change of minute costs with few and with many traps: computed, prepared, made. */
export async function traps() {
  await using lab = await Lab.create({ peers: [] });
  await lab.server.must("ipset", ["restore"], { stdin: createSets(allSets([4, 6])) });
  const schedule = await Schedule.of(parseKey("classic:bench"));
  const load = (text: string) => lab.server.must("ipset", ["restore"], { stdin: text });
  const rules = { grace: 15, taken: new Set<number>(), tripwires: [], own: new Set([22]) };
  const found = [];
  for (const count of [15, 4095, 32_256]) {
    const times: Record<"compute" | "prepare" | "change", number[]> = {
      compute: [],
      prepare: [],
      change: [],
    };
    let text = "";
    for (let turn = 0; turn < TURNS; turn++) {
      const now = Date.now() + turn * 60_000;
      times.compute.push(
        await timed(async () => {
          const neighbours = await neighboursOf(schedule, minuteAt(now), count);
          text = stageOpening(openingAt(now, neighbours, rules));
        }),
      );
      times.prepare.push(await timed(() => load(text)));
      times.change.push(await timed(() => load(applyOpening(22, hideSeconds("open")))));
    }
    found.push({
      traps: count,
      computeMs: round(quantile(times.compute, 0.5), 1),
      prepareMs: round(quantile(times.prepare, 0.5), 1),
      changeMs: round(quantile(times.change, 0.5), 1),
    });
  }
  return found;
}

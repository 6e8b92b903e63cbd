/** Prints how many minutes' ports (one SSH port and 15 traps) are computed in a second. */
import { parseKey } from "../../../src/schedule/key_text.ts";
import { Schedule } from "../../../src/schedule/schedule.ts";

const MINUTES = 10_000;
const schedule = await Schedule.of(parseKey(`c3po-1-${"A".repeat(43)}`));
const began = performance.now();
for (let minute = 0; minute < MINUTES; minute++) await schedule.ports(minute, 15);
const perSecond = MINUTES / (performance.now() - began) * 1000;
Deno.stdout.writeSync(new TextEncoder().encode(`${perSecond}\n`));

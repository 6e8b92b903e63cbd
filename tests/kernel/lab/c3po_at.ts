/**
 * c3po with a clock that is wrong: `deno run -A c3po_at.ts MS ARGS…` runs `c3po ARGS…` as if it were
 * so many milliseconds later than it is.
 */
import { run } from "../../../src/commands/table.ts";
import { shiftedClock, systemClock } from "../../../src/os/clock.ts";
import { systemHost } from "../../../src/os/host.ts";

const [ahead, ...args] = Deno.args;
Deno.exit(await run(args, { ...systemHost, clock: shiftedClock(systemClock, Number(ahead)) }));

// c3po with a clock that runs beside the machine's, ahead of it by $C3PO_TEST_AHEAD milliseconds: a change of
// minute need not be waited for.
import { run } from "../../../src/cli.ts";
import { shiftedClock, systemClock } from "../../../src/host/clock.ts";
import { systemHost } from "../../../src/host/host.ts";

const ahead = Number(Deno.env.get("C3PO_TEST_AHEAD"));
Deno.exit(await run(Deno.args, { ...systemHost, clock: shiftedClock(systemClock, ahead) }));

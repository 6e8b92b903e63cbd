import { assert, assertEquals } from "@std/assert";
import { type Filter, kernelTest } from "../lab.ts";
import { Bench } from "./bench.ts";
import { faultsOf, PHASES } from "./fault.ts";

/** So many servers at the same time. */
const WORKERS = 4;

/** Registers the test of an engine. */
export function faultTest(engine: Filter): void {
  kernelTest(`${engine}: a tool that fails leaves the way in open and no rule behind`, async () => {
    await using stack = new AsyncDisposableStack();
    const benches = await Promise.all(Array.from({ length: WORKERS }, () => Bench.build(engine)));
    for (const { lab } of benches) stack.use(lab);
    const seen = await Promise.all(benches.slice(0, 2).map((bench) => bench.calls()));
    const faults = PHASES.flatMap((phase) => faultsOf(phase, seen.map((calls) => calls[phase])));
    const counts = PHASES.map((phase) => faults.filter((fault) => fault.phase === phase).length);
    assert(counts.every((count) => count > 0), `no fault in some phase: ${counts}`);
    const failures: string[] = [];
    const queue = [...faults];
    await Promise.all(benches.map(async (bench) => {
      for (let fault = queue.shift(); fault !== undefined; fault = queue.shift()) {
        try {
          await bench.meet(fault);
        } catch (error) {
          failures.push(`${error}\n${error instanceof Error ? error.cause ?? "" : ""}`);
          return; // what this one left would trouble the next
        }
      }
    }));
    const sum = (what: "started" | "refused"): number =>
      benches.reduce((total, { starts }) => total + starts[what], 0);
    const summary = `${engine}: ${faults.length} faults (${counts.join(", ")} at ${PHASES}): ` +
      `${sum("refused")} starts refused, ${failures.length} failures`;
    Deno.stderr.writeSync(new TextEncoder().encode(`${summary}\n`));
    assertEquals(failures.join("\n\n"), "");
    assertEquals(queue, [], "every fault was tried");
    assert(sum("started") > 0, "no start came through a fault");
  }, engine);
}

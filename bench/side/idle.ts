/**
 * What several versions of `c3po serve` cost while nothing happens, all at the same time, so that what
 * else happens on the machine falls on all of them alike: `sudo deno run -A bench/side/idle.ts MINUTES
 * PROGRAM…`. Prints CPU time a minute and memory of each, and how that grew meanwhile.
 */
import { Lab, startSshd } from "../../tests/kernel/lab.ts";
import { startC3po } from "./harness/c3po.ts";
import { CpuMeter, memoryOf } from "./harness/meter.ts";
import { megabytes, number } from "./text.ts";

/** V8 tidies up half a minute after a start. */
const SETTLE_MS = 40_000;

const [minutes = "4", ...programs] = Deno.args;
await using lab = await Lab.create({ peers: programs.map((_, i) => `m${i}`) });
const lines = await Promise.all(programs.map(async (program, i) => {
  await startSshd(lab.peer(`m${i}`));
  const { child } = await startC3po(lab.peer(`m${i}`), [], program);
  await wait(SETTLE_MS);
  const before = (await memoryOf(child.pid)).privateKb;
  await using meter = await CpuMeter.on(child.pid);
  const { usual, mean } = await meter.minute(Number(minutes));
  const { residentKb, itselfKb, privateKb, processes } = await memoryOf(child.pid);
  return `${program}: ${number(usual)} ms of CPU in a usual minute (mean ${number(mean)}), ` +
    `${megabytes(residentKb)} MB resident (${megabytes(itselfKb)} itself), ${megabytes(before)} → ${
      megabytes(privateKb)
    } MB of its own, ` +
    `${processes} processes\n`;
}));
Deno.stdout.writeSync(new TextEncoder().encode(lines.join("")));

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Records `c3po demo` in a terminal and draws what it showed: `sudo deno task record` writes
 * `docs/pictures/demo.svg`. Silences and countdowns are shortened, nothing else is changed.
 */
import { run } from "../run.ts";
import { film } from "./svg.ts";
import { readRecording } from "./transcript.ts";

const PICTURE = "docs/pictures/demo.svg";

if (import.meta.main) {
  const folder = await Deno.makeTempDir({ prefix: "c3po-record-" });
  try {
    const [output, timing] = [`${folder}/output`, `${folder}/timing`];
    const command = `stty cols 100 rows 30 && ${Deno.execPath()} run --frozen -A main.ts demo`;
    const args = ["--quiet", "--return", "--log-out", output, "--log-timing", timing];
    await run("script", [...args, "--command", command]);
    // `script` puts a line of its own before and after what it records, and does not time them.
    const raw = await Deno.readFile(output);
    const start = raw.indexOf(0x0a) + 1;
    const shown = readRecording(raw.subarray(start), await Deno.readTextFile(timing));
    await Deno.writeTextFile(PICTURE, film(shown, "c3po demo, as it ran in a terminal"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

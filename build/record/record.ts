import { run } from "../run.ts";
import { SIZE } from "./svg.ts";
import { readRecording, type Shown } from "./transcript.ts";

/**
 * Runs a command in a terminal of the film's size, and reads what that showed.
 *
 * @param command for a shell
 * @throws {Error} if it fails
 */
export async function record(command: string): Promise<Shown[]> {
  const folder = await Deno.makeTempDir({ prefix: "c3po-record-" });
  try {
    const [output, timing] = [`${folder}/output`, `${folder}/timing`];
    const sized = `stty cols ${SIZE.columns} rows ${SIZE.rows} && ${command}`;
    const args = ["--quiet", "--return", "--log-out", output, "--log-timing", timing];
    await run("script", [...args, "--command", sized]);
    // `script` puts a line of its own before and after what it records, and does not time them.
    const raw = await Deno.readFile(output);
    const start = raw.indexOf(0x0a) + 1;
    return readRecording(raw.subarray(start), await Deno.readTextFile(timing));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

import { join } from "@std/path";
import { CHECKOUT, run } from "../kernel/lab.ts";

/** The lines of banned.ts, as `serve` writes them to a file. */
export async function logLines(format: "text" | "json", site = 1): Promise<string[]> {
  const program = join(CHECKOUT, "tests/contrib/banned.ts");
  const args = ["run", "--no-prompt", "--no-check", "-A", program, format, String(site)];
  const { stderr } = await run(Deno.execPath(), args, { env: { NO_COLOR: "1" } });
  return stderr.trimEnd().split("\n");
}

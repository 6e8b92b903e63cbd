/** Writes the manual page, `dist/c3po.1`: `deno task man`, then `man dist/c3po.1`. */
import { COMMANDS } from "../src/cli.ts";
import { manPage } from "../src/core/manpage.ts";
import { VERSION } from "../src/core/version.ts";

if (import.meta.main) {
  await Deno.mkdir("dist", { recursive: true });
  await Deno.writeTextFile("dist/c3po.1", manPage(COMMANDS, VERSION));
}

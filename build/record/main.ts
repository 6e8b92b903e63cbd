/**
 * Records `c3po demo` in a terminal and draws what it showed: `sudo deno task record` writes
 * `docs/pictures/demo.svg`. Silences and countdowns are shortened, nothing else is changed.
 */
import { record } from "./record.ts";
import { film } from "./svg.ts";

const PICTURE = "docs/pictures/demo.svg";

if (import.meta.main) {
  const shown = await record(`${Deno.execPath()} run --frozen -A main.ts demo`);
  await Deno.writeTextFile(PICTURE, film(shown, "c3po demo, as it ran in a terminal"));
}

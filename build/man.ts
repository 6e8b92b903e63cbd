/** Writes the manual pages, `dist/c3po.1` and `dist/c3po-server.toml.5`: `deno task man`, then `man dist/c3po.1`. */
import { manPages } from "./man_pages.ts";

if (import.meta.main) {
  await Deno.mkdir("dist", { recursive: true });
  for (const { name, text } of manPages()) await Deno.writeTextFile(`dist/${name}`, text);
}

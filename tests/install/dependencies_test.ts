import { assertEquals } from "@std/assert";
import { CHECKOUT } from "../kernel/lab.ts";
import sbom from "../../tools/check-sbom/deno.json" with { type: "json" };
import pictures from "../../bench/draw/deno.json" with { type: "json" };
import manifest from "../../deno.json" with { type: "json" };

/** All that is imported, whether users get it or only whoever draws the pictures or makes a release. */
const IMPORTS: string[] = Object.values({
  ...manifest.imports,
  ...pictures.imports,
  ...sbom.imports,
});

Deno.test("CONTRIBUTING.md names every package of deno.json, with its version", async () => {
  const text = await Deno.readTextFile(`${CHECKOUT}CONTRIBUTING.md`);
  const rows = [...text.matchAll(/^\| `([^`]+)` *\| (\d[\d.]*) /gm)]
    .map(([, name, version]) => `${name}@${version}`);
  const imports = IMPORTS
    .map((specifier) => /^npm:((?:@[^/]+\/)?[^/]+@[^/]+)/.exec(specifier)?.[1] ?? specifier);
  assertEquals([...new Set(rows)].sort(), [...new Set(imports)].sort());
});

Deno.test("every import is pinned to one version", () => {
  const loose = IMPORTS
    .filter((specifier) => !/^npm:(?:@[^/]+\/)?[^/]+@\d+\.\d+\.\d+(?:\/|$)/.test(specifier));
  assertEquals(loose, []);
});

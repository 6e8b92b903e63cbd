import { assertEquals } from "@std/assert";
import { CHECKOUT } from "../kernel/lab.ts";
import manifest from "../../deno.json" with { type: "json" };

Deno.test("CONTRIBUTING.md names every package of deno.json, with its version", async () => {
  const text = await Deno.readTextFile(`${CHECKOUT}CONTRIBUTING.md`);
  const rows = [...text.matchAll(/^\| `([^`]+)` *\| (\d[\d.]*) /gm)]
    .map(([, name, version]) => `${name}@${version}`);
  const imports = Object.values<string>(manifest.imports)
    .map((specifier) => /^npm:((?:@[^/]+\/)?[^/]+@[^/]+)/.exec(specifier)?.[1] ?? specifier);
  assertEquals([...new Set(rows)].sort(), [...new Set(imports)].sort());
});

Deno.test("every import is pinned to one version", () => {
  const loose = Object.values<string>(manifest.imports)
    .filter((specifier) => !/^npm:(?:@[^/]+\/)?[^/]+@\d+\.\d+\.\d+(?:\/|$)/.test(specifier));
  assertEquals(loose, []);
});

import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { CHECKOUT } from "../kernel/lab.ts";
import examples from "../examples.json" with { type: "json" };
import manifest from "../../deno.json" with { type: "json" };

Deno.test("every public function of the schedule shows an example, which tests/run.sh runs", async () => {
  const folder = join(CHECKOUT, "src/schedule");
  let functions = 0;
  const bare: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    const text = await Deno.readTextFile(join(folder, name));
    for (const { 1: exported, index } of text.matchAll(/^export (?:async )?function (\w+)/gm)) {
      functions++;
      const comment = text.slice(text.lastIndexOf("/**", index), index);
      if (!/@example\n \* ```ts\n[^]*\n \* ```\n \*\/\n$/.test(comment)) bare.push(exported!);
    }
  }
  assert(functions > 10, `${functions} functions`);
  assertEquals(bare, []);
});

Deno.test("examples are checked as the code is, but for the names they do not use", () => {
  // Each example is given all that its file exports, and uses a part.
  const { types, noUnusedLocals, ...options } = manifest.compilerOptions;
  assertEquals(noUnusedLocals, true);
  assertEquals(examples.compilerOptions, {
    types: types.map((path) => join("..", path)),
    ...options,
  });
});

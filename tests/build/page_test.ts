import { assertEquals } from "@std/assert";
import { buildPage } from "../../build/page.ts";
import built from "../../src/page/built.json" with { type: "json" };

Deno.test("the page in the repository is what its sources make: deno task page", async () => {
  const made = await buildPage();
  assertEquals(made === built.html, true, "src/page/built.json is old: deno task page");
});

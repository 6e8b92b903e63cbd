import { assert } from "@std/assert";
import manifest from "../../deno.json" with { type: "json" };
import { Pane } from "../kernel/lab/pane.ts";
import { Sandbox } from "./sandbox.ts";

Deno.test("page prints one HTML file that knows when and by what it was made", async () => {
  await using box = await Sandbox.create();
  const before = Math.floor(Date.now() / 1000);
  const html = await box.c3po(["page"], { stdout: /^<!doctype html>\n[^]*<\/html>\n$/ });
  const [, made] = /<body data-made="(\d+)">/.exec(html) ?? [];
  assert(Number(made) >= before && Number(made) <= Date.now() / 1000, made);
  assert(html.includes(`C3PO ${manifest.version}.`) && !/\{\{/.test(html.split("<script")[0]!));
  assert(!/(?:src|href)=(?!"data:|"#)/.test(html.split("<script")[0]!), "it loads something");
});

Deno.test("page does not pour itself over a terminal", async () => {
  await using pane = await Pane.open({ columns: 80, rows: 24 });
  await pane.c3po("page");
  const lines = await pane.waitFor(/c3po: hint: c3po page > c3po\.html/);
  assert(lines.join("\n").includes("c3po: error: the page is a file for a browser"));
});

Deno.test("page takes no arguments", async () => {
  await using box = await Sandbox.create();
  const stderr = 'c3po: error: unexpected argument "x"\n';
  await box.c3po(["page", "x"], { code: 2, stderr });
});

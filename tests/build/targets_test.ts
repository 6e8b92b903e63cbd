import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { compileArguments } from "../../build/compile.ts";
import { permissionFlags, SERVER_TOOLS } from "../../build/permissions.ts";
import { TARGETS } from "../../build/targets.ts";
import { CHECKOUT } from "../kernel/lab.ts";

const CLIENTS = TARGETS.filter(({ platform }) => platform !== "linux");

async function text(file: string): Promise<string> {
  return await Deno.readTextFile(join(CHECKOUT, file));
}

Deno.test("each target is compiled for its machine, with the permissions of its system", () => {
  assertEquals(TARGETS.map(({ triple }) => triple).toSorted(), [
    "aarch64-apple-darwin",
    "aarch64-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "x86_64-unknown-linux-gnu",
  ]);
  for (const target of TARGETS) {
    const args = compileArguments("c3po.js", target, "out");
    assert(args.includes(`--target=${target.triple}`) && args.includes("--output=out"));
    const given = args.filter((arg) => /^--(?:allow|deny)-|^-A$/.test(arg));
    assertEquals(given, permissionFlags(target.platform));
    assertEquals(args.at(-1), "c3po.js");
  }
});

Deno.test("a client is built without tools, folders and questions of a server", () => {
  for (const { name, platform } of CLIENTS) {
    const flags = permissionFlags(platform);
    const values = (flag: string): string[] =>
      flags.find((each) => each.startsWith(`--${flag}=`))?.split("=", 2)[1]?.split(",") ?? [];
    const tools = values("allow-run").map((path) => path.replace(/^.*\//, ""));
    assertEquals(tools.filter((tool) => tool in SERVER_TOOLS || tool === "exe"), [], name);
    const folders = [...values("allow-read"), ...values("allow-write")];
    assertEquals(folders.filter((path) => /^\/(?:etc|var\/lib|run|proc)\b/.test(path)), [], name);
    assertEquals(values("allow-sys"), [], name);
  }
});

Deno.test("on Windows ssh alone is run, and no path is in the manner of another system", () => {
  const flags = permissionFlags("windows");
  assert(flags.includes("--allow-run=ssh"), flags.join(" "));
  assertEquals(flags.filter((flag) => /=(?:.*,)?\//.test(flag)), []);
});

Deno.test("install.sh and the documentation know the targets there are", async () => {
  const names = TARGETS.map(({ name }) => name).toSorted();
  const known = [...(await text("install.sh")).matchAll(/\bsay ((?:linux|macos)-\w+) ;;/g)];
  const withScript = names.filter((name) => !name.startsWith("windows"));
  assertEquals(known.map(([, name]) => name!).toSorted(), withScript);
  const archives = [...(await text("docs/RELEASING.md")).matchAll(/`c3po-([\w-]+)\.tar\.gz`/g)];
  assertEquals(archives.map(([, name]) => name!).toSorted(), names);
});

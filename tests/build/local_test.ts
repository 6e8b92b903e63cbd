import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { bundle } from "../../build/bundle.ts";
import { CHECKOUT, denoDirectory, must } from "../kernel/lab.ts";

/**
 * Builds what install.sh would put in place, with a compiler that takes any runtime, or fetches one.
 *
 * @param given whether somebody has put a runtime where Deno looks for it
 * @returns what was made, and how often the compiler was run
 */
async function build(given: boolean): Promise<{ made: string; compiled: number }> {
  const folder = await Deno.makeTempDir({ prefix: "c3po-local-" });
  try {
    const release = join(folder, "deno/dl/release", `v${Deno.version.deno}`);
    await Deno.mkdir(release, { recursive: true });
    if (given) await Deno.writeTextFile(join(release, `denort-${Deno.build.target}.zip`), "abc");
    // What was fetched already: esbuild is there after a bundle.
    await bundle(join(folder, "login.js"), "login.ts");
    const kept = (await Array.fromAsync(Deno.readDir(join(denoDirectory(), "dl"))))
      .filter(({ name }) => name.startsWith("esbuild-")).map(({ name }) => `dl/${name}`);
    for (const path of ["npm", ...kept]) {
      await Deno.symlink(join(denoDirectory(), path), join(folder, "deno", path));
    }
    const asked = join(folder, "asked");
    const compiler = join(folder, "compiler");
    const fetches = `#!/bin/sh\necho compile >>'${asked}'\nmkdir -p '${release}'\n` +
      `echo abc >'${release}/denort-${Deno.build.target}.zip'\n`;
    await Deno.writeTextFile(compiler, fetches, { mode: 0o755 });
    const args = [
      "run",
      "--quiet",
      "--frozen",
      "-A",
      "build/local.ts",
      join(folder, "tree"),
      "deno",
    ];
    const made = await must(Deno.execPath(), args, {
      cwd: CHECKOUT,
      env: { DENO_DIR: join(folder, "deno"), C3PO_COMPILER: compiler },
    });
    const calls = await Deno.readTextFile(asked).catch(() => "");
    return { made: made.trim(), compiled: calls.split("\n").length - 1 };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a checkout is not compiled with a runtime that only Deno's site has a word on", async () => {
  assertEquals(await build(false), { made: "launcher", compiled: 0 });
});

Deno.test("a checkout is compiled with a runtime that somebody has put there", async () => {
  assertEquals(await build(true), { made: "compiled", compiled: 1 });
});

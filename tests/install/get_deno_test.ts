import { assertEquals, assertMatch } from "@std/assert";
import { dirname, join } from "@std/path";
import { CHECKOUT, run, type RunResult } from "../kernel/lab.ts";

/** Where the Deno on PATH says that it is. */
const TRUE_DENO = "/opt/deno/bin/deno";

/** Asks for a Deno where PATH has one of that version (or none), what a script needs, and no npm. */
async function getDeno(
  version: string | null,
): Promise<RunResult> {
  const folder = await Deno.makeTempDir({ prefix: "c3po-get-deno-" });
  try {
    const onPath = join(folder, "bin/deno");
    await Deno.mkdir(join(folder, "bin"));
    for (const tool of ["sed", "uname"]) {
      await Deno.symlink(`/usr/bin/${tool}`, join(folder, "bin", tool));
    }
    if (version !== null) {
      const words =
        `case $1 in --version) echo 'deno ${version} (stable)\nv8 1.2.3' ;; *) echo ${TRUE_DENO} ;; esac`;
      const script = `#!/bin/sh\n${words}\n`;
      await Deno.writeTextFile(onPath, script, { mode: 0o755 });
    }
    // A checkout of its own, in which no earlier run of the tests has left a Deno.
    await Deno.mkdir(join(folder, "tools"));
    await Deno.copyFile(join(CHECKOUT, "tools/get-deno.sh"), join(folder, "tools/get-deno.sh"));
    const args = [join(folder, "tools/get-deno.sh"), join(folder, "fetched")];
    return await run("/bin/sh", args, { env: { PATH: join(folder, "bin") } });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const version of ["2.7.0", "2.10.1", "3.0.0"]) {
  Deno.test(`a deno ${version} on PATH is taken: the program, not a script that runs it`, async () => {
    assertEquals(await getDeno(version), { code: 0, stdout: `${TRUE_DENO}\n`, stderr: "" });
  });
}

for (const version of ["1.46.3", "2.6.8", null]) {
  Deno.test(`${version === null ? "no deno" : `a deno ${version}`} is not enough`, async () => {
    const { code, stdout, stderr } = await getDeno(version);
    assertEquals({ code, stdout }, { code: 1, stdout: "" });
    assertMatch(stderr, /^c3po: error: deno 2\.7 or newer is missing.*\nc3po: hint: .*\n$/);
  });
}

Deno.test("without a deno tests/run.sh --prepare fails, and runs no test", async () => {
  const folder = await Deno.makeTempDir({ prefix: "c3po-get-deno-" });
  try {
    for (const script of ["tests/run.sh", "tools/get-deno.sh"]) {
      await Deno.mkdir(join(folder, dirname(script)));
      await Deno.copyFile(join(CHECKOUT, script), join(folder, script));
    }
    await Deno.mkdir(join(folder, "bin"));
    for (const tool of ["bash", "dirname", "id", "mktemp", "rm", "sed", "tr", "uname"]) {
      await Deno.symlink(`/usr/bin/${tool}`, join(folder, "bin", tool));
    }
    const args = [join(folder, "tests/run.sh"), "--prepare"];
    const { code, stdout, stderr } = await run("/bin/bash", args, {
      env: { PATH: join(folder, "bin") },
    });
    assertEquals({ code, stdout }, { code: 1, stdout: "" });
    assertMatch(stderr, /\nc3po: error: deno 2\.7 or newer is missing.*\nc3po: hint: .*\n$/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

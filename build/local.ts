/**
 * Makes the tree that `install.sh` puts in place from a checkout: `local.ts TREE LIB RUNTIME`.
 *
 * The program is compiled where that can be done, else it is a launcher: a Deno, the bundle, and a
 * script that runs the one with the other. Says on stdout which it is.
 */
import { bundle, bundleInParts } from "./bundle.ts";
import { compile, ENGINE_FLAGS } from "./compile.ts";
import { addDocuments } from "./pack.ts";
import { LOGIN_COMMANDS } from "../src/core/command.ts";
import { type Part, permissionFlags } from "./permissions.ts";
import { ownTarget } from "./targets.ts";

/**
 * The script that runs the bundles in `lib` with Deno. The folder `cache` in there is the
 * installer's, so that the compiled code in it is nobody else's. What somebody waits for gets the
 * smaller bundle (if it was put in place: the other has it all), and fewer permissions.
 */
function launcher(lib: string, runtime: string): string {
  const exec = (part: Part, script: string): string => {
    const flags = [...ENGINE_FLAGS, ...permissionFlags(ownTarget().platform, part)];
    const words = ["--quiet", "--no-lock", ...flags].map((flag) => `'${flag}'`);
    return `exec ${runtime} run ${words.join(" ")} "$lib/${script}" "$@"`;
  };
  return [
    "#!/bin/sh",
    "# c3po, run by Deno; made by install.sh",
    `lib='${lib}'`,
    'export DENO_DIR="$lib/cache" DENO_NO_UPDATE_CHECK=1',
    "case ${1-} in",
    `${LOGIN_COMMANDS.join(" | ")})`,
    `\tscript=${LOGIN}`,
    `\t[ -e "$lib/$script" ] || script=${PROGRAM}`,
    `\t${exec("login", "$script")}`,
    "\t;;",
    "esac",
    "export MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=65536 MALLOC_MMAP_THRESHOLD_=65536",
    exec("all", PROGRAM),
    "",
  ].join("\n");
}

/** The whole program, and that of {@linkcode LOGIN_COMMANDS}. */
const PROGRAM = "c3po.js";
const LOGIN = "login.js";

if (import.meta.main) {
  const [tree, lib, runtime] = Deno.args as [string, string, string];
  await Deno.mkdir(`${tree}/bin`, { recursive: true });
  await addDocuments(tree, ownTarget().platform);
  const parts = `${tree}/parts`;
  const program = await bundleInParts(parts);
  try {
    await compile(program, ownTarget(), `${tree}/bin/c3po`, { quiet: true });
    Deno.stdout.writeSync(new TextEncoder().encode("compiled\n"));
  } catch {
    await bundle(`${tree}/lib/c3po/${PROGRAM}`);
    await bundle(`${tree}/lib/c3po/${LOGIN}`, "login.ts");
    await Deno.writeTextFile(`${tree}/bin/c3po`, launcher(lib, runtime), { mode: 0o755 });
    Deno.stdout.writeSync(new TextEncoder().encode("launcher\n"));
  }
  await Deno.remove(parts, { recursive: true });
}

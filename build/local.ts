/**
 * Makes the tree that `install.sh` puts in place from a checkout: `local.ts TREE RUNTIME`.
 *
 * The program is compiled where that can be done, else it is a launcher: a Deno, the bundle, and a
 * script that runs the one with the other. Says on stdout which it is.
 */
import { bundle } from "./bundle.ts";
import { compile, ENGINE_FLAGS } from "./compile.ts";
import { addDocuments } from "./pack.ts";
import { permissionFlags } from "./permissions.ts";
import { ITSELF } from "../src/host/self.ts";
import { ownTarget } from "./targets.ts";

/**
 * The script that runs the bundle with Deno, wherever both lie together. The folder `cache` beside the
 * bundle is the installer's, so that the compiled code in it is nobody else's.
 */
function launcher(runtime: string): string {
  const flags = ["--quiet", "--no-lock", ...ENGINE_FLAGS, ...permissionFlags(ownTarget().platform)];
  const words = flags.map((flag) => `'${flag}'`).join(" ");
  return [
    "#!/bin/sh",
    "# c3po, run by Deno; made by install.sh",
    "c3po=$0",
    '[ ! -L "$c3po" ] || c3po=$(readlink -f "$c3po")',
    "lib=${c3po%/*}/../lib/c3po",
    'export DENO_DIR="$lib/cache" DENO_NO_UPDATE_CHECK=1',
    "export MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=65536 MALLOC_MMAP_THRESHOLD_=65536",
    // What runs there is Deno, so by itself the program means this script.
    `exec ${runtime} run ${words.replace(ITSELF, `'"$c3po"'`)} "$lib/c3po.js" "$@"`,
    "",
  ].join("\n");
}

if (import.meta.main) {
  const [tree, runtime] = Deno.args as [string, string];
  await Deno.mkdir(`${tree}/bin`, { recursive: true });
  await Deno.mkdir(`${tree}/lib/c3po`, { recursive: true });
  const script = `${tree}/lib/c3po/c3po.js`;
  await bundle(script);
  await addDocuments(tree, ownTarget().platform);
  try {
    await compile(script, ownTarget(), `${tree}/bin/c3po`, { quiet: true });
    await Deno.remove(`${tree}/lib/c3po`, { recursive: true });
    Deno.stdout.writeSync(new TextEncoder().encode("compiled\n"));
  } catch {
    await Deno.writeTextFile(`${tree}/bin/c3po`, launcher(runtime), { mode: 0o755 });
    Deno.stdout.writeSync(new TextEncoder().encode("launcher\n"));
  }
}

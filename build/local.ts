/**
 * Makes the tree that `install.sh` puts in place from a checkout: `local.ts TREE RUNTIME`.
 *
 * The program is compiled where that can be done, else it is a launcher: a Deno, the bundle, and a
 * script that runs the one with the other. Says on stdout which it is.
 */
import { LOGIN_COMMANDS } from "../src/cli/command.ts";
import { ITSELF } from "../src/os/self.ts";
import { bundle, bundleInParts } from "./bundle.ts";
import { compile, ENGINE_FLAGS } from "./compile.ts";
import { addDocuments } from "./pack.ts";
import { type Part, permissionFlags } from "./permissions.ts";
import { isAtHand, keptHere, WrongRuntime } from "./runtime.ts";
import { ownTarget } from "./targets.ts";

/**
 * The script that runs the bundles with Deno, wherever they lie together. The folder `cache` beside
 * the bundles is the installer's, so that the compiled code in it is nobody else's. What somebody
 * waits for gets the smaller bundle, and fewer permissions.
 */
function launcher(runtime: string): string {
  const exec = (part: Part, script: string): string => {
    const flags = [...ENGINE_FLAGS, ...permissionFlags(ownTarget().platform, part)];
    const words = ["--quiet", "--no-lock", ...flags].map((flag) =>
      flag.startsWith("--allow-write=") ? `'${flag}'"$homes"` : `'${flag}'`
    ).join(" ");
    // What runs there is Deno, so by itself the program means this script.
    const own = words.replace(ITSELF, `'"$c3po"'`);
    return `exec ${runtime} run ${own} "$lib/${script}" "$@"`;
  };
  return [
    "#!/bin/sh",
    "# c3po, run by Deno; made by install.sh",
    "c3po=$0",
    '[ ! -L "$c3po" ] || c3po=$(readlink -f "$c3po")',
    "lib=${c3po%/*}/../lib/c3po",
    'export DENO_DIR="$lib/cache" DENO_NO_UPDATE_CHECK=1',
    // Deno does not start in a folder that is gone, nor ssh in one that this user may not enter.
    '{ [ -x . ] && [ -d "$PWD" ]; } || cd /',
    // Services and CGI programs may have no home and no PATH in their environment.
    'export PATH="${PATH:-/usr/local/bin:/usr/bin:/bin}"',
    '[ -n "${HOME-}" ] || export HOME="$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6)"',
    "case ${1-} in",
    `${LOGIN_COMMANDS.join(" | ")}) ${exec("login", LOGIN)} ;;`,
    "esac",
    "homes=${HOME:+,$HOME}${XDG_CONFIG_HOME:+,$XDG_CONFIG_HOME}",
    "export MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=65536 MALLOC_MMAP_THRESHOLD_=65536",
    exec("all", PROGRAM),
    "",
  ].join("\n");
}

/** The whole program, and that of {@linkcode LOGIN_COMMANDS}. */
const PROGRAM = "c3po.js";
const LOGIN = "login.js";

/** Compiles the program, if somebody answers for the runtime. @returns whether it is compiled */
async function tryToCompile(tree: string): Promise<boolean> {
  if (!Deno.env.has("DENORT_BIN") && !await isAtHand(ownTarget(), await keptHere())) return false;
  const parts = await bundleInParts(`${tree}/parts`);
  try {
    await compile(parts, ownTarget(), `${tree}/bin/c3po`, { quiet: true });
    return true;
  } catch (error) {
    // A launcher is for those who cannot compile, and not for those who were given something else.
    if (error instanceof WrongRuntime) throw error;
    return false;
  }
}

if (import.meta.main) {
  const [tree, runtime] = Deno.args as [string, string];
  await Deno.mkdir(`${tree}/bin`, { recursive: true });
  await addDocuments(tree, ownTarget().platform);
  const made = await tryToCompile(tree) ? "compiled" : "launcher";
  if (made === "launcher") {
    await Deno.mkdir(`${tree}/lib/c3po`, { recursive: true });
    await bundle(`${tree}/lib/c3po/${PROGRAM}`);
    await bundle(`${tree}/lib/c3po/${LOGIN}`, "login.ts");
    await Deno.writeTextFile(`${tree}/bin/c3po`, launcher(runtime), { mode: 0o755 });
  }
  Deno.stdout.writeSync(new TextEncoder().encode(`${made}\n`));
}

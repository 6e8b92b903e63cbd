/**
 * Makes the program one file: `deno task compile [TARGET…]`, or `--all`.
 *
 * Without arguments `dist/c3po` for this machine; with targets `dist/TARGET/c3po` for each. `$DENORT_BIN`
 * names the runtime where Deno's own site cannot be reached, `$C3PO_COMPILER` the Deno that fits it.
 */
import { run } from "./run.ts";
import { bundle } from "./bundle.ts";
import { permissionFlags } from "./permissions.ts";
import { ownTarget, type Target, TARGETS } from "./targets.ts";

/** What the program runs with, besides its permissions. Measured in docs/RELEASING.md. */
export const ENGINE_FLAGS: readonly string[] = [
  // Nobody sits before a daemon: a missing permission is an error, not a question.
  "--no-prompt",
  // Without it, the engine keeps compiled code in a file of a known name in /tmp, where any user
  // may put one for root to run.
  "--no-code-cache",
  // Nothing here is hot enough for compiled code, and without it no memory need ever be both
  // writable and executable (MemoryDenyWriteExecute= in c3po.service).
  "--v8-flags=--jitless",
  // The socket of the service manager is a datagram socket, which Deno counts as unstable.
  "--unstable-net",
];

/** Compiles the bundle for one target into one executable file. */
async function compile(target: Target, output: string): Promise<void> {
  const compiler = Deno.env.get("C3PO_COMPILER") ?? Deno.execPath();
  await run(compiler, [
    "compile",
    "--quiet",
    "--no-check", // the bundle is checked before it is made
    "--no-config",
    "--no-remote",
    "--no-npm",
    `--target=${target.triple}`,
    `--output=${output}`,
    ...ENGINE_FLAGS,
    ...permissionFlags(target.platform),
    "dist/c3po.js",
  ]);
}

function targetNamed(name: string): Target {
  const target = TARGETS.find((known) => known.name === name);
  if (target !== undefined) return target;
  throw new Error(`unknown target "${name}": ${TARGETS.map(({ name }) => name).join(", ")}`);
}

if (import.meta.main) {
  const targets = Deno.args[0] === "--all" ? TARGETS : Deno.args.map(targetNamed);
  await bundle();
  if (targets.length === 0) await compile(ownTarget(), "dist/c3po");
  for (const target of targets) {
    await Deno.mkdir(`dist/${target.name}`, { recursive: true });
    await compile(target, `dist/${target.name}/c3po`); // for Windows Deno appends .exe
  }
}

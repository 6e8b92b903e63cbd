import { permissionFlags } from "./permissions.ts";
import { run, type RunOptions } from "./run.ts";
import { checkRuntime, keptHere } from "./runtime.ts";
import type { Target } from "./targets.ts";

/** What the program runs with besides its permissions, compiled or not. */
export const ENGINE_FLAGS: readonly string[] = [
  // Nobody sits before a daemon: a missing permission is an error, not a question.
  "--no-prompt",
  // Nothing here is hot enough for compiled code: without it no memory need ever be both writable
  // and executable (MemoryDenyWriteExecute= in c3po.service).
  "--v8-flags=--jitless",
  // The socket of the service manager is a datagram socket, which Deno counts as unstable.
  "--unstable-net",
  // The program is one file. It takes no settings from the folder it is started in.
  "--no-config",
  "--no-remote",
  "--no-npm",
];

/** How a program is compiled. */
export interface CompileOptions extends RunOptions {
  /** Whether a runtime of which no checksum is known is refused. */
  readonly isRelease?: boolean;
}

/** What `deno` is told, to compile a bundle for a target, by the path of its first file. */
export function compileArguments(script: string, target: Target, output: string): string[] {
  return [
    "compile",
    "--quiet",
    "--no-check", // the bundle is checked before it is made
    // Otherwise the engine keeps compiled code in a file of a known name in /tmp, where any user may
    // put one for root to run.
    "--no-code-cache",
    `--target=${target.triple}`,
    `--output=${output}`,
    ...ENGINE_FLAGS,
    ...permissionFlags(target.platform),
    script,
  ];
}

/**
 * Compiles a bundle into one executable file. `$DENORT_BIN` names the runtime where Deno's own site
 * cannot be reached, and whoever names it has compared it; `$C3PO_COMPILER` is the Deno that fits it.
 *
 * @param script the path of the bundle's first file
 * @throws {Error} if it cannot
 * @throws {WrongRuntime} if the runtime is not the one it should be; what was made is removed
 */
export async function compile(
  script: string,
  target: Target,
  output: string,
  { isRelease = false, ...options }: CompileOptions = {},
): Promise<void> {
  const args = compileArguments(script, target, output);
  await run(Deno.env.get("C3PO_COMPILER") ?? Deno.execPath(), args, options);
  if (Deno.env.has("DENORT_BIN")) return;
  try {
    await checkRuntime(target, isRelease, await keptHere());
  } catch (error) {
    await Deno.remove(output).catch(() => {});
    throw error;
  }
}

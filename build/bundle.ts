/**
 * Makes the program one file, or a few. By itself it makes the few:
 * `deno run -A build/bundle.ts FOLDER` prints the path of the first.
 */
import { folderWithEsbuild } from "./esbuild.ts";
import { run } from "./run.ts";

/** What both kinds of a bundle are made with. */
const FLAGS = [
  "--quiet",
  "--frozen",
  // For "deno" a dependency takes node:util along, which wakes up all that Deno has for Node: 8 ms.
  "--platform=browser",
  // The engine reads all of it at every start; and without the bundler's notes of where each module
  // lay every machine makes the same file.
  "--minify",
  "--keep-names", // errors are told apart, and shown, by their names
];

/**
 * Makes one file of a whole program, without what it does not use.
 *
 * @param output the path of the file
 * @param entry `main.ts`, or `login.ts` for the commands between a user and a login alone
 */
export async function bundle(output: string, entry = "main.ts"): Promise<void> {
  await denoBundle([`--output=${output}`, entry]);
}

/**
 * Makes files of the whole program, each read only by the commands that use it: a compiled program
 * has no cache of compiled code, so what it reads is what it waits for (docs/RELEASING.md has the
 * figures).
 *
 * @param folder where they go; whatever is there is removed
 * @returns the path of the first
 */
export async function bundleInParts(folder: string): Promise<string> {
  await Deno.remove(folder, { recursive: true }).catch(() => {}); // parts of an earlier run
  await denoBundle(["--code-splitting", `--outdir=${folder}`, "main.ts"]);
  return `${folder}/main.js`;
}

async function denoBundle(args: readonly string[]): Promise<void> {
  await using folder = await folderWithEsbuild();
  await run(Deno.execPath(), ["bundle", ...FLAGS, ...args], { env: { DENO_DIR: folder.path } });
}

if (import.meta.main) {
  const first = await bundleInParts(Deno.args[0]!);
  await Deno.stdout.write(new TextEncoder().encode(`${first}\n`));
}

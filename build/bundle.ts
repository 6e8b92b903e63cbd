import { run } from "./run.ts";

/** How every bundle is made; each program without what it does not use. */
const FLAGS = [
  "--quiet",
  "--frozen",
  // For "deno" a dependency takes node:util along, which wakes up all that Deno has for Node: 8 ms.
  "--platform=browser",
  // The engine reads all of a file at every start (docs/RELEASING.md has the figures). It also drops the
  // bundler's notes of where each module lay: every machine makes the same file.
  "--minify",
  "--keep-names", // errors are told apart, and shown, by their names
];

/**
 * Makes one file of a whole program.
 *
 * @param output the path of the file
 * @param entry `main.ts`, or `login.ts` for the commands between a user and a login alone
 */
export async function bundle(output: string, entry = "main.ts"): Promise<void> {
  await run(Deno.execPath(), ["bundle", ...FLAGS, `--output=${output}`, entry]);
}

/**
 * Makes of the program a folder of files, each read when it is needed: for an executable, which has
 * room for them, and nowhere to keep what the engine made of them at an earlier start.
 *
 * @param folder is emptied before
 * @returns the path of the file to start with
 */
export async function bundleInParts(folder: string): Promise<string> {
  await Deno.remove(folder, { recursive: true }).catch(() => {}); // of an earlier run
  await run(Deno.execPath(), [
    "bundle",
    ...FLAGS,
    "--code-splitting",
    `--outdir=${folder}`,
    "main.ts",
  ]);
  return `${folder}/main.js`;
}

import { run } from "./run.ts";

/**
 * Makes one file of a whole program, without what it does not use. It is minified because the
 * engine reads all of it at every start (docs/RELEASING.md has the figures), and because that drops
 * the bundler's notes of where each module lay: every machine makes the same file.
 *
 * @param output the path of the file
 * @param entry `main.ts`, or `login.ts` for the commands between a user and a login alone
 */
export async function bundle(output: string, entry = "main.ts"): Promise<void> {
  await run(Deno.execPath(), [
    "bundle",
    "--quiet",
    "--frozen",
    // For "deno" a dependency takes node:util along, which wakes up all that Deno has for Node: 8 ms.
    "--platform=browser",
    "--minify",
    "--keep-names", // errors are told apart, and shown, by their names
    `--output=${output}`,
    entry,
  ]);
}

import { run } from "./run.ts";

/**
 * Makes `dist/c3po.js`: the whole program without what it does not use. It is minified because the
 * engine reads all of it at every start (docs/RELEASING.md has the figures), and because that drops
 * the bundler's notes of where each module lay: every machine makes the same file.
 */
export async function bundle(): Promise<void> {
  await run(Deno.execPath(), [
    "bundle",
    "--quiet",
    "--frozen",
    "--platform=deno",
    "--minify",
    "--keep-names", // errors are told apart, and shown, by their names
    "--output=dist/c3po.js",
    "main.ts",
  ]);
}

if (import.meta.main) await bundle();

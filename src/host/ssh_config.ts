import { dirname, join } from "./path.ts";
import { Failure } from "../core/errors.ts";
import { OWN_CONFIG, withHostBlock, withInclude } from "../core/ssh_config.ts";
import { readText, writePrivate } from "./files.ts";
import { type Host, os } from "./host.ts";

/**
 * Puts a Host block into C3PO's part of the user's ssh_config, once.
 *
 * @returns the files that were changed
 * @throws {Failure} if there is no home, or a file cannot be read or written
 */
export async function addHostBlock(name: string, block: string, host: Host): Promise<string[]> {
  const home = host.env(os === "windows" ? "USERPROFILE" : "HOME");
  if (home === undefined) throw new Failure("no home folder to write .ssh/config in");
  const own = join(home, ".ssh", OWN_CONFIG);
  const main = join(home, ".ssh", "config");
  const changed: string[] = [];
  // First our file: an Include of a file that is not there yet would be harmless, but idle.
  if (await edit(own, (text) => withHostBlock(text, name, block))) changed.push(own);
  if (await edit(main, withInclude)) changed.push(main);
  return changed;
}

/** Replaces a file in one step, keeping its mode; a link stays a link. */
async function edit(path: string, change: (text: string) => string): Promise<boolean> {
  const before = await readText(path);
  const after = change(before ?? "");
  if (after === before) return false;
  const real = before === null ? path : await Deno.realPath(path);
  const mode = before === null ? null : (await Deno.stat(real)).mode;
  if (mode === null) {
    await writePrivate(real, after, before !== null);
    return true;
  }
  const staged = join(dirname(real), `.c3po-${crypto.randomUUID()}`);
  try {
    await writePrivate(staged, after, false);
    await Deno.chmod(staged, mode & 0o7777);
    await Deno.rename(staged, real);
  } finally {
    await Deno.remove(staged).catch(() => {}); // renamed: nothing to remove
  }
  return true;
}

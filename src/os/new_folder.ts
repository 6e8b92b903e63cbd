import { Failure } from "./errors.ts";
import { unreachable } from "./files.ts";
import { dirname, join } from "./path.ts";

/** Writes a file into the new folder; its name may have folders of its own in it. */
export type Put = (name: string, text: string) => Promise<void>;

/**
 * Makes a folder that only its owner may enter, with all its files, in one step: it is there with
 * everything in it, or not at all. Nothing of it is forced to the disk.
 *
 * @param fill writes the files; what it throws is thrown on, and nothing is left behind
 * @throws {Failure} if there is something of that name, or it cannot be written
 */
export async function makePrivateFolder(
  path: string,
  fill: (put: Put) => Promise<void>,
): Promise<void> {
  const target = path.replace(/(?<=.)[/\\]+$/, "");
  const staged = join(dirname(target), `.c3po-${crypto.randomUUID()}`);
  const made = new Map<string, Promise<void>>();
  const folder = (name: string): Promise<void> => {
    const making = made.get(name) ?? Deno.mkdir(name, { recursive: true, mode: 0o700 });
    made.set(name, making);
    return making;
  };
  try {
    await refuseTaken(target);
    await folder(staged);
    await fill(async (name, text) => {
      const file = join(staged, name);
      await folder(dirname(file));
      await Deno.writeTextFile(file, text, { createNew: true, mode: 0o600 });
    });
    await Deno.rename(staged, target);
  } catch (error) {
    throw unreachable("write", target, error);
  } finally {
    await Deno.remove(staged, { recursive: true }).catch(() => {}); // it has its name by now
  }
}

async function refuseTaken(path: string): Promise<void> {
  try {
    await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  throw new Failure(`"${path}" already exists`, {
    hint: "remove it first, or name another directory",
  });
}

import { dirname } from "@std/path";
import { Failure } from "../core/errors.ts";

/** No file that C3PO reads whole is larger, but for the ledger, which is its own. */
const LARGEST = 65_536;

/**
 * Reads a small file of text.
 *
 * @returns null if there is no such file
 * @throws {Failure} if it cannot be read, or is not a small file of text
 */
export async function readText(path: string): Promise<string | null> {
  try {
    const { isFile, size } = await Deno.stat(path);
    if (!isFile) throw new Failure(`"${path}" is not a file`);
    if (size > LARGEST) throw new Failure(`"${path}" is too large: ${size} bytes`);
    return new TextDecoder("utf-8", { fatal: true }).decode(await Deno.readFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return null;
    }
    if (error instanceof TypeError) throw new Failure(`"${path}" is not a file of text`);
    throw unreachable("read", path, error);
  }
}

/**
 * The permission bits of a file, null where the system has none.
 *
 * @throws {Failure} if the file cannot be looked at
 */
export async function modeOf(path: string): Promise<number | null> {
  try {
    const { mode } = await Deno.stat(path);
    return mode === null ? null : mode & 0o777;
  } catch (error) {
    throw unreachable("read", path, error);
  }
}

/**
 * Writes a file that only its owner may read, in one step: a reader, or a crash in the middle, meets
 * the old content or the new, nothing between.
 *
 * @param replace whether a file that is there already may be replaced
 * @throws {Failure} if it cannot be written, or is there and must not be replaced
 */
export async function writePrivate(path: string, text: string, replace: boolean): Promise<void> {
  const folder = dirname(path);
  let staged: string | null = null;
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    staged = await Deno.makeTempFile({ dir: folder, prefix: ".c3po-" }); // made with mode 0600
    const file = await Deno.open(staged, { write: true });
    try {
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      await file.sync();
    } finally {
      file.close();
    }
    // A link fails where the name is taken, so that two runs at once cannot both win.
    if (replace) await Deno.rename(staged, path);
    else await Deno.link(staged, path);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists && staged !== null) {
      throw new Failure(`"${path}" is there already`, {
        hint: "remove it first, or name another file",
      });
    }
    throw unreachable("write", path, error);
  } finally {
    if (staged !== null) await Deno.remove(staged).catch(() => {}); // renamed: nothing to remove
  }
}

function unreachable(action: string, path: string, error: unknown): unknown {
  if (error instanceof Failure || !(error instanceof Error)) return error;
  const reason = REASONS.find(([type]) => error instanceof type)?.[1] ?? error.message;
  return new Failure(`cannot ${action} "${path}": ${reason}`, { cause: error });
}

const REASONS: readonly [abstract new (...args: never[]) => Error, string][] = [
  [Deno.errors.PermissionDenied, "permission denied"],
  [Deno.errors.NotCapable, "permission denied"],
  [Deno.errors.NotFound, "no such file or folder"],
  [Deno.errors.AlreadyExists, "a part of it is a file, not a folder"],
];

import { dirname, join } from "./path.ts";
import { Failure } from "./errors.ts";
import { tryTool } from "./tool.ts";
import { linesOf } from "./lines.ts";

/** Largest file to read that another user may have written. */
const LARGEST = 65_536;

/**
 * Reads a small file of text.
 *
 * @param largest how many bytes are small
 * @returns null if there is no such file
 * @throws {Failure} if it cannot be read, or is not a small file of text
 */
export async function readText(path: string, largest = LARGEST): Promise<string | null> {
  try {
    const { isFile, size } = await Deno.stat(path);
    if (!isFile) throw new Failure(`"${path}" is not a file`);
    if (size > largest) {
      throw new Failure(`"${path}" is too large: ${size} bytes, more than ${largest}`);
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(await Deno.readFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return null;
    }
    if (error instanceof TypeError) throw new Failure(`"${path}" is not a text file`);
    throw unreachable("read", path, error);
  }
}

/** Whether there is such a file or folder, or something that cannot be looked at. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

/** Whether a file could not be reached because this user has no right to. */
export function isForbidden(error: unknown): boolean {
  return error instanceof Failure && error.cause instanceof Deno.errors.PermissionDenied;
}

/** Whether the system failed to read or write, for a reason that may pass: not for want of a right. */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof Failure) || !(error.cause instanceof Error)) return false;
  return "code" in error.cause && typeof error.cause.code === "string" && !isForbidden(error);
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
 * @param text the content, or the parts of one that is too large to be held at once
 * @param replace whether a file that is there already may be replaced
 * @throws {Failure} if it cannot be written, or is there and must not be replaced
 */
export async function writePrivate(
  path: string,
  text: string | AsyncIterable<string>,
  replace: boolean,
): Promise<void> {
  const staged = join(dirname(path), `.c3po-${crypto.randomUUID()}`);
  let isStaged = false;
  try {
    const file = await createPrivate(staged);
    isStaged = true;
    try {
      for await (const part of typeof text === "string" ? [text] : text) {
        const bytes = new TextEncoder().encode(part);
        for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      }
      await file.sync();
    } finally {
      file.close();
    }
    // A link fails where the name is taken, so that two runs at once cannot both win.
    if (replace) {
      await Deno.rename(staged, path);
      isStaged = false;
    } else await Deno.link(staged, path);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists && isStaged) {
      throw new Failure(`"${path}" already exists`, {
        hint: "remove it first, or name another file",
      });
    }
    throw unreachable("write", path, error);
  } finally {
    if (isStaged) await Deno.remove(staged).catch(() => {});
  }
}

/** Makes a file that only its owner may read, and the folder it is in if that is not there. */
export async function createPrivate(path: string): Promise<Deno.FsFile> {
  const how = { write: true, createNew: true, mode: 0o600 };
  try {
    return await Deno.open(path, how);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return await Deno.open(path, how);
  }
}

/** The lines of a file, however large, some at a time; none if there is no such file. */
export async function* linesIn(path: string): AsyncGenerator<string[]> {
  try {
    yield* linesOf((await Deno.open(path)).readable);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw unreachable("read", path, error);
  }
}

/** The names in a folder, sorted; none if there is no such folder. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw unreachable("read", folder, error);
  }
}

/** Whether a folder has anything in it that can be seen; it is not waited for. */
export function hasNames(folder: string): boolean {
  try {
    return Deno.readDirSync(folder)[Symbol.iterator]().next().done === false;
  } catch {
    return false;
  }
}

/** Removes a file; one that is gone has been removed. */
export async function removeFile(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw unreachable("remove", path, error);
  }
}

/** Gives a file another name, in place of whatever had it. */
export async function renameFile(from: string, to: string): Promise<void> {
  try {
    await Deno.rename(from, to);
  } catch (error) {
    throw unreachable("rename", from, error);
  }
}

/** The failure to tell when a file cannot be reached; what is none of that is given back as it is. */
export function unreachable(action: string, path: string, error: unknown): unknown {
  if (error instanceof Failure || !(error instanceof Error)) return error;
  if (error instanceof Deno.errors.NotCapable) {
    return new Failure(`cannot ${action} "${path}": c3po has no permission to ${action} there`, {
      hint: `run c3po in the folder that holds it: cd "${dirname(path)}", or one above`,
      cause: error,
    });
  }
  const reason = REASONS.find(([type]) => error instanceof type)?.[1] ?? error.message;
  return new Failure(`cannot ${action} "${path}": ${reason}`, { cause: error });
}

const REASONS: readonly [abstract new (...args: never[]) => Error, string][] = [
  [Deno.errors.PermissionDenied, "permission denied"],
  [Deno.errors.NotFound, "no such file or directory"],
  [Deno.errors.AlreadyExists, "part of the path is a file, not a directory"],
];

/** Whether files can be made in a folder; of one that is not there, in the nearest that is. */
export async function isWritable(folder: string): Promise<boolean> {
  for (let path = folder;; path = dirname(path)) {
    // As root only the file system itself can say no, and only access(2) asks it.
    if ((await tryTool("test", ["-w", path])).code === 0) return true;
    if ((await tryTool("test", ["-e", path])).code === 0 || path === dirname(path)) return false;
  }
}

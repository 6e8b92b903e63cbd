import { Failure } from "./errors.ts";
import { createPrivate, unreachable } from "./files.ts";
import { isRoot } from "./host.ts";
import { dirname, join } from "./path.ts";

/** No configuration that people write is larger: some ten thousand hosts. */
const LARGEST_CONFIG = 4 << 20;

/**
 * Replaces a file in one step, keeping its mode and its owner; a link stays a link. A new file belongs to whoever
 * owns the folder. What the file holds need not
 * be UTF-8: each byte is one character, and comes back as it was.
 *
 * @param change gets the empty text if there is no such file
 * @returns whether it was changed
 * @throws {Failure} if it cannot be read or written
 */
export async function editBytes(path: string, change: (text: string) => string): Promise<boolean> {
  try {
    const before = await bytesOf(path);
    const text = before === null ? "" : latin1(before);
    const after = change(text);
    if (after === text) return false;
    const isLink = await Deno.lstat(path).then(({ isSymlink }) => isSymlink, () => false);
    if (isLink && before === null) {
      throw new Failure(`"${path}" is a link to a file that is not there`);
    }
    // By its own name where it is no link: c3po may write in a home, and need not where that leads.
    const real = isLink ? await Deno.realPath(path) : path;
    const mode = before === null ? null : (await Deno.stat(real)).mode;
    const { uid, gid } = await Deno.stat(before === null ? dirname(real) : real);
    const staged = join(dirname(real), `.c3po-${crypto.randomUUID()}`);
    try {
      const file = await createPrivate(staged);
      const bytes = Uint8Array.from(after, (char) => char.charCodeAt(0));
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      await file.sync();
      file.close();
      // root may change the files of others, who must be able to read them afterwards.
      if (isRoot() && uid !== null && uid !== 0) await Deno.chown(staged, uid, gid);
      if (mode !== null) await Deno.chmod(staged, mode & 0o7777);
      await Deno.rename(staged, real);
    } finally {
      await Deno.remove(staged).catch(() => {}); // renamed: nothing to remove
    }
    return true;
  } catch (error) {
    throw unreachable("change", path, error);
  }
}

async function bytesOf(path: string): Promise<Uint8Array | null> {
  try {
    const { isFile, size } = await Deno.stat(path);
    if (!isFile) throw new Failure(`"${path}" is not a file`);
    if (size > LARGEST_CONFIG) throw new Failure(`"${path}" is too large: ${size} bytes`);
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Text as {@linkcode editBytes} holds it: a character for each byte of its UTF-8. */
export function byteText(text: string): string {
  return latin1(new TextEncoder().encode(text));
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return text;
}

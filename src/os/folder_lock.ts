import { after } from "./timer.ts";

/** Milliseconds to wait for another process to change a small file. */
const PATIENCE_MS = 5_000;

/**
 * Does something while no other process does the same in that folder. Where a folder cannot be
 * locked (on Windows, on some network file systems, or before it is made) it is done all the same.
 *
 * @param folder whose lock leaves no file behind
 */
export async function whileLocked<T>(folder: string, change: () => Promise<T>): Promise<T> {
  let lock: Deno.FsFile | null = null;
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    lock = await Deno.open(folder);
    await withinPatience(lock.lock(true));
  } catch {
    // What is wrong with the folder, the change itself will tell.
  }
  try {
    return await change();
  } finally {
    lock?.close();
  }
}

async function withinPatience(locked: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const callOff = after(PATIENCE_MS, resolve);
  try {
    await Promise.race([locked, promise]);
  } finally {
    callOff();
  }
}

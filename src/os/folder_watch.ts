import { systemClock } from "./clock.ts";
import { dirname, join } from "./path.ts";

/** A folder whose parent is missing is looked for this often, in milliseconds. */
const MISSING_MS = 10_000;

/**
 * Reports changes in a folder until the signal is aborted: of its files, of its mode, and that it comes,
 * goes, or is replaced by another. Reads of the files are no changes.
 *
 * Besides the folder only its parent is watched. Higher up, as in `/etc`, each program that starts reads
 * something, and the kernel would wake this process for all of it.
 *
 * @param changed called at once, for what happened before, and at each change; of one change perhaps
 * more than once
 * @returns before the signal is aborted if the system cannot watch any more folders
 */
export async function watchFolder(
  folder: string,
  changed: () => void,
  signal: AbortSignal,
): Promise<void> {
  const absolute = folder.startsWith("/") ? folder : join(Deno.cwd(), folder);
  while (!signal.aborted) {
    const watcher = startWatch(absolute);
    if (watcher === "full") return;
    if (watcher === "missing") {
      await systemClock.sleep(MISSING_MS, signal);
      continue;
    }
    signal.addEventListener("abort", watcher.close);
    changed();
    for await (const { kind, paths } of watcher.events) {
      if (kind === "access") continue; // what we read ourselves is told as well
      if (paths.some((path) => dirname(path) === absolute)) changed();
      // The folder itself, or the one that it is in: what is watched may be another one now.
      if (paths.some((path) => path === absolute || absolute.startsWith(`${path}/`))) break;
    }
    signal.removeEventListener("abort", watcher.close);
    watcher.close();
    if (!signal.aborted) changed(); // also where there is nothing left to watch
  }
}

/** Something that tells of changes. Closing twice is closing once. */
interface Watch {
  readonly events: AsyncIterable<Deno.FsEvent>;
  readonly close: () => void;
}

/** Watches a folder and the one above, which tells when it comes, goes or is replaced. */
function startWatch(folder: string): Watch | "missing" | "full" {
  const parent = dirname(folder);
  try {
    // The parent first: whatever happens to the folder from then on is told.
    const both = watchIfThere([parent, folder]);
    if (both !== null) return both;
    const upper = watchIfThere([parent]);
    if (upper === null) return "missing";
    const come = watchIfThere([parent, folder]); // before its parent was watched
    if (come === null) return upper;
    upper.close();
    return come;
  } catch {
    return "full";
  }
}

/** @returns nothing if one of them is not there @throws if no more can be watched */
function watchIfThere(paths: string[]): Watch | null {
  try {
    const watcher = Deno.watchFs(paths, { recursive: false });
    const close = (): void => {
      try {
        watcher.close();
      } catch (error) {
        // A loop over its events has closed it when it was left, and for Deno 2.7 twice is an error.
        if (!(error instanceof Deno.errors.BadResource)) throw error;
      }
    };
    return { events: watcher, close };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

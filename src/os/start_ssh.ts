import { notStarted } from "./tool_failure.ts";

/** What of a child's surroundings differs from ours. */
export interface Surroundings {
  readonly env: Record<string, string>;
  readonly cwd?: string;
}

/** Variables that only say where libraries are: Deno starts nothing while they are set. */
const LIBRARY_PATHS = /^(?:LD|DYLD)_(?:\w+_)?LIBRARY_PATH$/;

/**
 * Starts the user's ssh where a plain start fails though ssh would run: with a library path in the
 * environment (which is then emptied for ssh), or in a folder that is gone or closed to this user.
 * `LD_PRELOAD` stays an error: what it slips in may be there to keep ssh off the network.
 *
 * @param start starts it in the surroundings given, and may be called again
 * @throws {Failure} if it cannot be started
 */
export async function startSsh<T>(start: (how: Surroundings) => T | Promise<T>): Promise<T> {
  let how: Surroundings = { env: {} };
  for (;;) {
    try {
      return await start(how);
    } catch (error) {
      const next = mended(how, error);
      if (next === null) throw notStarted("ssh", error);
      how = next;
    }
  }
}

function mended(how: Surroundings, error: unknown): Surroundings | null {
  if (error instanceof Deno.errors.NotCapable) {
    const named = [...error.message.matchAll(/\b(?:LD|DYLD)_\w+/g)].map(([name]) => name);
    const emptied = named.filter((name) => LIBRARY_PATHS.test(name) && !(name in how.env));
    if (emptied.length === 0) return null;
    const added = Object.fromEntries(emptied.map((name) => [name, ""]));
    return { ...how, env: { ...how.env, ...added } };
  }
  const isFolder = error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.PermissionDenied;
  return isFolder && how.cwd === undefined && Deno.build.os !== "windows"
    ? { ...how, cwd: "/" }
    : null;
}

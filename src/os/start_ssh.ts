import { Failure } from "./errors.ts";
import { notStarted } from "./tool_failure.ts";

/** What of a child's surroundings differs from ours. */
export interface Surroundings {
  readonly env: Record<string, string>;
  readonly cwd?: string;
}

/** Variables that only say where libraries are: Deno starts nothing while they are set. */
const LIBRARY_PATHS = /^(?:LD|DYLD)_(?:\w+_)?LIBRARY_PATH$/;

/** The variable by which ssh tells how many of us are above it. */
const LEVEL = "C3PO_LEVEL";
/** A jump host, or a command of the user's configuration, may run one more; more than this is a loop. */
const DEEPEST = 8;

/**
 * Starts the user's ssh where a plain start fails though ssh would run: with a library path in the
 * environment (which is then emptied for ssh), or in a folder that is gone or closed to this user.
 * `LD_PRELOAD` stays an error: what it slips in may be there to keep ssh off the network.
 *
 * @param start starts it in the surroundings given, and may be called again
 * @throws {Failure} if it cannot be started, or is a script that runs us again
 */
export async function startSsh<T>(start: (how: Surroundings) => T | Promise<T>): Promise<T> {
  const level = Number(Deno.env.get(LEVEL) ?? 0) || 0;
  if (level >= DEEPEST) {
    throw new Failure("the ssh on the PATH runs c3po ssh again, in an endless loop", {
      hint: "in a script named ssh, call the real ssh by its full path, or rename the script",
    });
  }
  let how: Surroundings = { env: { [LEVEL]: String(level + 1) } };
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

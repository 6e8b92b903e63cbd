import type { StateFiles } from "../../bans/state_files.ts";
import type { Clock } from "../../os/clock.ts";
import type { Machine } from "../machine.ts";

/** After the folder could not be watched, until that is tried again, in milliseconds. */
const RETRY_MS = 30_000;

/**
 * Tells of each command that is left for `serve`, until the signal is aborted: an order of the administrator is
 * to be at all servers within a second. Only for one that shares: others find commands when they look next.
 */
export async function watchCommands(
  files: StateFiles,
  machine: Pick<Machine, "watch">,
  clock: Clock,
  found: () => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await machine.watch(files.commandsFolder, () => {
      if (files.hasCommands()) found(); // that they were taken is told as well
    }, signal);
    if (!signal.aborted) await clock.sleep(RETRY_MS, signal);
  }
}

import { allEngines } from "../firewall/engines.ts";
import type { Clock } from "../os/clock.ts";
import { awaitVerdict } from "../os/watchdog.ts";
import { lockServe } from "../os/lock.ts";
import { killProcess, parentProcess } from "../os/self.ts";
import { eventLog } from "../os/event_log.ts";
import { retry } from "../os/retry.ts";

const log = eventLog("undo");

/** How long beyond the end of its trial a `serve` may take to roll back by itself, in seconds. */
const SPARE_SECONDS = 15;
/** A process that was killed a moment ago may still hold its lock. */
const PATIENCE = { tries: 20, pauseMs: 250 };

/**
 * Removes what a `serve` that died left in the kernel, with whatever engine.
 *
 * @throws {Failure} if one is running: it is to be stopped instead
 */
export async function undo(clock: Clock): Promise<void> {
  const lock = await lockServe();
  try {
    for (const engine of await allEngines(clock)) {
      await using firewall = engine;
      await firewall.remove();
    }
  } finally {
    lock.release();
  }
}

/**
 * Watches over the trial of the `serve` that started this process, and removes what it did if it dies
 * before it says that all is well, or hangs.
 *
 * @param seconds how long the trial lasts
 */
export async function watchTrial(seconds: number, clock: Clock): Promise<void> {
  const parent = parentProcess();
  const outcome = await awaitVerdict((seconds + SPARE_SECONDS) * 1000);
  if (outcome === "well") return;
  if (outcome === "late" && parentProcess() === parent) await killProcess(parent);
  log.warn(
    "trial_rollback",
    outcome === "late" ? "serve hangs, rolling back" : "serve died during its trial, rolling back",
  );
  await retry(() => undo(clock), { ...PATIENCE, what: "roll back" }, clock);
  log.info("rolled_back", "rolled back, plain SSH answers as before");
}

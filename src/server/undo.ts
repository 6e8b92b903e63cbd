import { getLogger } from "@logtape/logtape";
import { FAMILIES } from "../core/address.ts";
import type { Clock } from "../host/clock.ts";
import { keepWatch } from "../host/guardian.ts";
import { lockServe } from "../host/lock.ts";
import { killProcess, parentProcess } from "../host/self.ts";
import { persist } from "./persist.ts";
import { removeEverything } from "./removal.ts";

const log = getLogger(["c3po", "undo"]);

/** How long beyond the end of its trial a `serve` may take to roll back by itself, in seconds. */
const SPARE_SECONDS = 15;
/** A process that was killed a moment ago may still hold its lock. */
const PATIENCE = { tries: 20, pauseMs: 250 };

/** Where there was a `serve`. */
export interface Place {
  /** Where run-time files live. */
  readonly runtimeFolder: string;
  /** Where sshd listens. */
  readonly sshPort: number;
}

/**
 * Removes what a `serve` that died left in the kernel.
 *
 * @throws {Failure} if one is running: it is to be stopped instead
 */
export async function undo({ runtimeFolder, sshPort }: Place, clock: Clock): Promise<void> {
  const lock = await lockServe(runtimeFolder);
  try {
    await removeEverything(FAMILIES, sshPort, clock);
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
export async function watchTrial(seconds: number, place: Place, clock: Clock): Promise<void> {
  const parent = parentProcess();
  const outcome = await keepWatch((seconds + SPARE_SECONDS) * 1000);
  if (outcome === "well") return;
  if (outcome === "late" && parentProcess() === parent) await killProcess(parent);
  log.warn(
    outcome === "late" ? "serve hangs, rolling back" : "serve died during its trial, rolling back",
  );
  await persist(() => undo(place, clock), { ...PATIENCE, what: "roll back" }, clock);
  log.info("rolled back, plain SSH answers as before");
}

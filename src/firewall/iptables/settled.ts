import type { Clock } from "../../os/clock.ts";

/** Two readings so far apart, in milliseconds, that are alike: no other tool is changing rules any more. */
const QUIET_MS = 500;
/** Rules that never stay the same are taken as they are after so many readings. */
const MOST_READINGS = 10;

/**
 * Reads rules once other tools have done with them. Legacy iptables tells no one of a change, and another tool
 * fails when its lock is taken: what C3PO wants to change there waits until that tool is done.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const clock = { now: Date.now, sleep: () => Promise.resolve() };
 * const readings = ["-A INPUT 1", "-A INPUT 2", "-A INPUT 2", "-A INPUT 3"];
 * const last = await settled(() => Promise.resolve(readings.shift()!), String, clock);
 * assertEquals(last, "-A INPUT 2");
 * ```
 *
 * @param read what is compared with what it gave before
 * @param print what two readings are compared by
 * @returns the last reading
 * @throws what `read` throws
 */
export async function settled<T>(
  read: () => Promise<T>,
  print: (reading: T) => string,
  clock: Clock,
): Promise<T> {
  let last = await read();
  for (let readings = 1; readings < MOST_READINGS; readings++) {
    await clock.sleep(QUIET_MS);
    const next = await read();
    const isQuiet = print(next) === print(last);
    last = next;
    if (isQuiet) break;
  }
  return last;
}

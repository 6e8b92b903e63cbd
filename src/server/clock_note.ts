import { readableOffset } from "../os/clock_status.ts";
import { eventLog } from "../os/event_log.ts";
import type { Machine } from "./machine.ts";

const log = eventLog("clock");

/** Says at the start how well the clock is set, since clients compute the port from theirs. */
export async function tellClock(machine: Pick<Machine, "clockSync">): Promise<void> {
  const { synchronised, offset, source } = await machine.clockSync();
  if (synchronised === true) return;
  if (synchronised === null) {
    log.info("clock_unknown", "cannot tell whether the clock is synchronised");
    return;
  }
  log.warn("clock_unsynchronised", "the clock is not synchronised", {
    ...(offset === null ? {} : { offset: readableOffset(offset) }),
    source,
    next: "start an NTP service; clients with the right time miss the port of the minute",
  });
}

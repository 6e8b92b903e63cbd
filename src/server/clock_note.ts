import { getLogger } from "@logtape/logtape";
import { readableOffset } from "../core/clock_sync.ts";
import { clockSync } from "../host/clock_sync.ts";

const log = getLogger(["c3po", "clock"]);

/** Says at the start how well the clock is set, since clients compute the port from theirs. */
export async function tellClock(): Promise<void> {
  const { synchronised, offset, source } = await clockSync();
  if (synchronised === true) return;
  if (synchronised === null) {
    log.info("nobody here says whether the clock is synchronised");
    return;
  }
  log.warn("the clock is not synchronised", {
    ...(offset === null ? {} : { offset: readableOffset(offset) }),
    source,
    next: "start an NTP service, or clients with the right time miss the port of the minute",
  });
}

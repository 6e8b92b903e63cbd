import { readableOffset } from "../../os/clock_status.ts";
import type { Finding } from "../../os/finding.ts";
import { clockSync } from "../../os/clock_sync.ts";
import type { Checkup } from "./checkup.ts";

/** Both ends compute the port from the time, so the time must be right. */
export async function clockFindings({ config }: Checkup): Promise<Finding[]> {
  const { synchronised, offset, source } = await clockSync();
  const what = "clock";
  const off = offset === null ? "" : `, ${readableOffset(offset)}`;
  if (synchronised === null) {
    return [{
      grade: "warn",
      what,
      found: "unknown whether it is synchronised",
      todo: "run an NTP service such as chrony, or compare clocks: c3po check HOST on a client",
    }];
  }
  if (offset !== null && Math.abs(offset) > Math.max(1, config.grace)) {
    const found = `${
      readableOffset(offset)
    } according to ${source}: clients miss the port of the minute`;
    return [{ grade: "fail", what, found, todo: "set it: chronyc makestep" }];
  }
  if (!synchronised) {
    const found = `not synchronised according to ${source}${off}`;
    return [{
      grade: "warn",
      what,
      found,
      todo: "start the NTP service: timedatectl set-ntp true",
    }];
  }
  return [{ grade: "ok", what, found: `synchronised according to ${source}${off}` }];
}

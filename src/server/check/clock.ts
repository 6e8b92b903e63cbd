import { readableOffset } from "../../core/clock_sync.ts";
import type { Finding } from "../../core/finding.ts";
import { clockSync } from "../../host/clock_sync.ts";
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
      found: "nobody here says whether it is synchronised",
      todo: "run an NTP service such as chrony, or compare with c3po check HOST on a client",
    }];
  }
  if (offset !== null && Math.abs(offset) > Math.max(1, config.grace)) {
    const found = `${readableOffset(offset)} by ${source}: clients miss the port of the minute`;
    return [{ grade: "fail", what, found, todo: "set it: chronyc makestep" }];
  }
  if (!synchronised) {
    const found = `not synchronised, says ${source}${off}`;
    return [{
      grade: "warn",
      what,
      found,
      todo: "start the NTP service: timedatectl set-ntp true",
    }];
  }
  return [{ grade: "ok", what, found: `synchronised, says ${source}${off}` }];
}

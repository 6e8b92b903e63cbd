import type { Report } from "../../src/core/report.ts";

/** What a server that has run for an hour says of itself. */
export const REPORT: Report = {
  pid: 812,
  startedAt: 1_795_330_725_000,
  sshPort: 22,
  range: "1024-65535",
  grace: 15,
  onTime: true,
  held: 2,
  arrivals: 9,
  hits: 30,
  bans: 4,
  changes: 100,
  failedChanges: 0,
  lastDelaySeconds: 0.002,
  worstDelaySeconds: 0.03,
  repairs: 0,
  lastRepair: null,
  toolErrors: 0,
  clockOffset: null,
  recent: [
    {
      at: 1_795_334_450_000,
      address: "192.0.2.7",
      port: 4711,
      trigger: "syn",
      offences: 1,
      seconds: 900,
    },
  ],
};

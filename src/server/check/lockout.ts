import { C3poError } from "../../core/errors.ts";
import type { Finding } from "../../core/finding.ts";
import { isPrivate, refuseLockout } from "../../core/lockout.ts";
import { minuteAt } from "../../core/minute.ts";
import { formatPortRange } from "../../core/ports.ts";
import { listeningPorts } from "../../host/procfs.ts";
import type { Checkup } from "./checkup.ts";

/** How far ahead the schedule is compared with what listens: an hour. */
const MINUTES = 60;

/** What could shut out the one who asks. */
export async function lockoutFindings(checkup: Checkup): Promise<Finding[]> {
  const { config, schedule, admin, clock } = checkup;
  const what = "lockout";
  const listening = await listeningPorts();
  const taken = new Set([...config.exclude, ...listening]);
  const findings: Finding[] = [];
  try {
    refuseLockout({
      sshPort: config.sshPort,
      range: schedule.range,
      taken,
      listens: listening.has(config.sshPort),
      cameInAt: admin?.serverPort ?? null,
    });
  } catch (error) {
    if (!(error instanceof C3poError)) throw error;
    findings.push({ grade: "fail", what, found: error.message, todo: error.hint ?? "" });
  }
  const now = minuteAt(clock.now());
  const shut: number[] = [];
  for (let minute = now; minute < now + MINUTES; minute++) {
    const { ssh } = await schedule.ports(minute, 0);
    if (taken.has(ssh) && ssh !== config.sshPort) shut.push(ssh);
  }
  if (shut.length > 0) {
    findings.push({
      grade: "warn",
      what,
      found: `within the next hour SSH is shut for ${shut.length} min: services have ${shut}`,
      todo: "c3po key new proposes a range without such ports",
    });
  }
  if (admin !== null && isPrivate(admin.serverAddress) && !isPrivate(admin.address)) {
    findings.push({
      grade: "warn",
      what,
      found: "a router or cloud firewall stands before this machine",
      todo: `let TCP ports ${formatPortRange(schedule.range)} in there, and start with --try 10m`,
    });
  }
  if (config.fail === "closed") {
    findings.push({
      grade: "warn",
      what,
      found: "with --fail closed nothing but serve opens SSH again if it dies",
      todo: "have a console at hand, and start with --try 10m the first time",
    });
  }
  if (findings.length > 0) return findings;
  return [{ grade: "ok", what, found: "no way in is cut" }];
}

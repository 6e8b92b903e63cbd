import { C3poError } from "../../os/errors.ts";
import type { Finding } from "../../os/finding.ts";
import { isPrivate, refuseLockout } from "../lockout.ts";
import { SSH_SERVICE } from "../../schedule/derivation.ts";
import { minuteAt } from "../../schedule/minute.ts";
import { formatPortRange } from "../../schedule/ports.ts";
import { listeningPorts } from "../../os/sockets.ts";
import type { Checkup } from "./checkup.ts";

/** How far ahead the schedule is compared with what listens: an hour. */
const MINUTES = 60;

/** What could lock out the administrator. */
export async function lockoutFindings(checkup: Checkup): Promise<Finding[]> {
  const { config, planner, admin, clock } = checkup;
  const what = "lockout";
  const { system, ordinary } = await listeningPorts();
  const taken = new Set([...config.exclude, ...system]);
  const findings: Finding[] = [];
  try {
    refuseLockout({
      sshPort: config.sshPort,
      range: planner.range,
      taken,
      listens: system.has(config.sshPort) || ordinary.has(config.sshPort),
      cameInAt: admin?.serverPort ?? null,
    });
  } catch (error) {
    if (!(error instanceof C3poError)) throw error;
    findings.push({ grade: "fail", what, found: error.message, todo: error.hint ?? "" });
  }
  const now = minuteAt(clock.now());
  const shut: number[] = [];
  let minutes = 0;
  for (let minute = now; minute < now + MINUTES; minute++) {
    const { doors } = await planner.plan(minute);
    const ports = doors.filter(({ service }) => service === SSH_SERVICE).map(({ port }) => port);
    const isTaken = (port: number): boolean => taken.has(port) && port !== config.sshPort;
    if (!ports.every(isTaken)) continue;
    minutes++;
    shut.push(...ports);
  }
  if (shut.length > 0) {
    findings.push({
      grade: "warn",
      what,
      found: `in the next hour SSH is closed for ${minutes} min: services use ${shut}`,
      todo: "create a key with a range without such ports: c3po key new",
    });
  }
  if (admin !== null && isPrivate(admin.serverAddress) && !isPrivate(admin.address)) {
    findings.push({
      grade: "warn",
      what,
      found: "this machine is behind a router or cloud firewall",
      todo: `allow TCP ports ${formatPortRange(planner.range)} there, and start with --try 10m`,
    });
  }
  if (config.fail === "closed") {
    findings.push({
      grade: "warn",
      what,
      found: "with --fail closed SSH stays closed if serve dies, until it starts again",
      todo: "have console access, and use --try 10m the first time",
    });
  }
  if (findings.length > 0) return findings;
  return [{ grade: "ok", what, found: "no risk found" }];
}

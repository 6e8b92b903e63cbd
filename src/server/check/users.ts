import type { Finding } from "../../os/finding.ts";
import { minuteAt } from "../../schedule/minute.ts";
import { isReal } from "../../schedule/odds.ts";
import { formatMoment } from "../../schedule/moment.ts";
import { trapCount } from "../../users/port_planner.ts";
import { DEFAULT_USER } from "../../users/registry.ts";
import { isExpired } from "../../users/user_file.ts";
import type { Checkup } from "./checkup.ts";

const WEEK_MS = 7 * 86_400_000;
/** With more ports that lead to a service than this, odds that a scan meets one are worth a word. */
const MANY_PORTS = 50;

/** The users beside the server's own key, and what so many ports cost. */
export async function userFindings(checkup: Checkup): Promise<Finding[]> {
  const { registry: { users, problems }, config, clock } = checkup;
  const what = "users";
  const now = clock.now();
  const findings: Finding[] = problems.map(({ file, message, hint }) => ({
    grade: "fail",
    what,
    found: `"${file}": ${message}`,
    ...(hint === undefined ? {} : { todo: hint }),
  }));
  for (const user of users) {
    const { name, expires } = user;
    if (expires === null || expires > now + WEEK_MS) continue;
    const found = isExpired(user, minuteAt(now))
      ? `${name} has expired`
      : `${name} expires at ${formatMoment(expires)}`;
    findings.push({ grade: "warn", what, found, todo: "change it in their file, or remove them" });
  }
  const known = new Set(["ssh", ...config.services.map(({ name }) => name)]);
  for (const { name, services } of users) {
    const unknown = services === "all" ? [] : services.filter((each) => !known.has(each));
    if (unknown.length === 0) continue;
    const found = `${name} has services that this server does not have: ${unknown.join(", ")}`;
    findings.push({ grade: "warn", what, found, todo: "add [service.NAME] to server.toml" });
  }
  findings.push(...await oddsFindings(checkup));
  const isAlone = users.every(({ name }) => name === DEFAULT_USER);
  if (findings.length > 0 || isAlone) return findings;
  return [{ grade: "ok", what, found: users.map(({ name }) => name).join(", ") }];
}

/** A scan that meets the open ports in any order meets one of a service first with real/(real + traps). */
async function oddsFindings({ planner, config, clock }: Checkup): Promise<Finding[]> {
  const { doors } = await planner.plan(minuteAt(clock.now()));
  const real = doors.filter(isReal).length;
  if (real === 0) return [];
  const traps = trapCount(config.traps, real, planner.range);
  const isCapped = traps < config.traps * real;
  if (real <= MANY_PORTS && !isCapped) return [];
  const odds = `${real} ports lead to services beside ${traps} traps: ` +
    `a scan meets one of them first with odds of 1 in ${Math.floor((real + traps) / real)}`;
  return [{
    grade: "warn",
    what: "odds",
    found: isCapped ? `${odds}; traps are limited to half the range` : odds,
    todo: "let users expire, or give them fewer services",
  }];
}

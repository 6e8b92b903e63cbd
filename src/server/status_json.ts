import { minuteAt } from "../schedule/minute.ts";
import { formatMoment, secondsSince } from "../schedule/moment.ts";
import { horizonOf } from "../schedule/windows.ts";
import type { ReportedShare } from "./report.ts";
import { secondsLeft, type Status } from "./status.ts";

/** One JSON document without line ends. Times are ISO 8601, durations seconds. */
export function statusJson(
  { now, pid, report, ssh, traps, odds, banned, bans, health }: Status,
): string {
  return JSON.stringify({
    time: formatMoment(now),
    serving: pid !== null,
    pid,
    since: report === null ? null : formatMoment(report.startedAt),
    engine: report?.engine ?? null,
    minute: minuteAt(now),
    secondsLeft: secondsLeft(now),
    range: report?.range ?? null,
    door: report?.door ?? null,
    ssh,
    traps,
    odds,
    users: (report?.users ?? []).map(({ expires, lastArrival, ...user }) => ({
      ...user,
      expires: expires === null ? null : formatMoment(expires),
      lastArrival: lastArrival === null
        ? null
        : { ...lastArrival, at: formatMoment(lastArrival.at) },
    })),
    horizon: report === null ? null : formatMoment(horizonOf(report.windows) * 1000),
    banned: banned === null ? null : { ipv4: banned[4], ipv6: banned[6] },
    bans,
    hits: (report?.recent ?? []).map((each) => ({ ...each, at: formatMoment(each.at) })),
    held: report?.held ?? 0,
    arrivals: report?.arrivals ?? 0,
    logins: report?.logins ?? 0,
    loads: report?.loads ?? 0,
    repairs: report?.repairs ?? 0,
    toolErrors: report?.toolErrors ?? 0,
    share: report === null || report.share === null ? null : shareJson(report.share, now),
    clockOffset: report?.clockOffset ?? null,
    ok: health.every(({ grade }) => grade !== "fail"),
    health,
  });
}

function shareJson({ since, current, ...share }: ReportedShare, now: number): object {
  return {
    ...share,
    since: formatMoment(since),
    behind: current === null ? null : secondsSince(current, now),
  };
}

import type { Finding } from "../os/finding.ts";
import { minuteAt } from "../schedule/minute.ts";
import { formatMoment, secondsSince } from "../schedule/moment.ts";
import { horizonOf } from "../schedule/windows.ts";
import type { Report } from "./report.ts";
import type { OpenPort, Seen } from "./status.ts";

/** What is well and what is not, with what to do about it. @param now unix milliseconds */
export function health(
  seen: Seen,
  report: Report | null,
  ssh: readonly OpenPort[],
  now: number,
): Finding[] {
  if (report === null && seen.pid !== null) {
    return [{
      grade: seen.isLoaded ? "warn" : "fail",
      what: "serve",
      found: seen.isLoaded
        ? "is running and its rules are loaded, but it has written no report"
        : "is running, but has written no report and its rules are not in the kernel",
      todo: "read the log (journalctl -u c3po), and see whether /run is full: df /run",
    }];
  }
  if (report === null) {
    return [fail(
      "serve",
      seen.isLoaded ? "is not running, but its rules are still loaded" : "is not running",
      "start it: systemctl start c3po, or c3po serve" +
        (seen.isLoaded ? "; or remove them: c3po serve --undo" : ""),
    )];
  }
  const { clockOffset, grace, sshPort, toolErrors, lastRepair, lastProbe, windows, isFailing } =
    report;
  const left = Math.round(horizonOf(windows) - now / 1000);
  const log = "read the log: journalctl -u c3po";
  const findings: Finding[] = [
    left > 0
      ? ok("ports", `are loaded for ${Math.floor(left / 60)}m${left % 60}s`)
      : fail("ports", "have run out", log),
    ssh.some(({ minute }) => minute === minuteAt(now))
      ? ok("ssh", "is open")
      : fail("ssh", "has no port this minute", log),
    seen.sshdListens
      ? ok("sshd", `listens on port ${sshPort}`)
      : fail("sshd", `does not listen on port ${sshPort}`, "start sshd, or set --ssh-port"),
    ...seen.isLoaded ? [] : [fail("rules", "are not in the kernel", log)],
    ...isFailing ? [fail("serve", "has a failing task", log)] : [],
  ];
  if (clockOffset !== null) {
    const direction = clockOffset < 0 ? "behind" : "ahead";
    const found = `is ${Math.abs(clockOffset).toFixed(3)} s ${direction}`;
    findings.push(
      Math.abs(clockOffset) < Math.max(grace, 1)
        ? ok("clock", found)
        : fail("clock", found, "synchronise it with NTP"),
    );
  }
  if (report.door !== null) {
    findings.push(
      seen.isDoorLocal
        ? ok("door", `${report.door} is local here`)
        : fail("door", `${report.door} is not local to this machine`, log),
    );
  }
  findings.push(...shareFinding(report, now));
  if (toolErrors > 0) {
    const times = toolErrors === 1 ? "once" : `${toolErrors} times`;
    findings.push({ grade: "warn", what: "tools", found: `failed ${times}` });
  }
  if (lastProbe !== null) {
    const at = formatMoment(lastProbe.at);
    findings.push(
      lastProbe.failed === null
        ? ok("probe", `the rules worked at ${at}`)
        : fail("probe", `at ${at}: ${lastProbe.failed}`, "try again: c3po check --probe"),
    );
  }
  if (lastRepair !== null) {
    const found = `last at ${formatMoment(lastRepair.at)}: ${lastRepair.what}`;
    findings.push({ grade: "warn", what: "repair", found });
  }
  return findings;
}

/** A store that cannot be reached is worth a word, and no failure: this server's own bans go on. */
function shareFinding({ share }: Report, now: number): Finding[] {
  if (share === null) return [];
  const what = "share";
  const { store, since, current, members, running } = share;
  if (store === "up") {
    const behind = current === null ? "catching up" : `${secondsSince(current, now)} s behind`;
    return [ok(what, `connected, ${behind}, ${members} members, ${running} shared bans`)];
  }
  const [found, todo] = store === "absent"
    ? ["c3po share is not running", "systemctl enable --now c3po-share"]
    : ["cannot reach the store", "read the log: journalctl -u c3po-share"];
  const because = `${found} since ${formatMoment(since)}; local bans are not affected`;
  return [{ grade: "warn", what, found: because, todo }];
}

function ok(what: string, found: string): Finding {
  return { grade: "ok", what, found };
}

function fail(what: string, found: string, todo: string): Finding {
  return { grade: "fail", what, found, todo };
}

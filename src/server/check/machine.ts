import type { Finding } from "../../os/finding.ts";
import { isWritable } from "../../os/files.ts";
import { servingProcess } from "../../os/lock.ts";
import { readProc } from "../../os/procfs.ts";
import type { Checkup } from "./checkup.ts";
import { loadedEngines } from "./firewall.ts";

/** From here on new connections, also those of users, may soon find no room. */
const NEARLY_FULL = 0.8;
const CONNTRACK = "/proc/sys/net/netfilter/nf_conntrack";

/** Whether `serve` runs, or has left something behind. */
export async function serveFindings(checkup: Checkup): Promise<Finding[]> {
  const what = "serve";
  const pid = await servingProcess();
  if (pid !== null) {
    if ((await loadedEngines(checkup)).length > 0) {
      return [{ grade: "ok", what, found: `is running, process ${pid}` }];
    }
    const found = `process ${pid} runs, but its rules are not in the kernel`;
    return [{ grade: "fail", what, found, todo: "read the log: journalctl -u c3po" }];
  }
  const left = await loadedEngines(checkup);
  if (left.length === 0) return [{ grade: "ok", what, found: "is not running" }];
  return [{
    grade: "warn",
    what,
    found: `is not running, but left rules in ${left.join(" and ")}`,
    todo: "start it to take them over, or remove them: c3po serve --undo",
  }];
}

/** A connection that the kernel cannot track cannot be led to sshd. */
export async function conntrackFindings(): Promise<Finding[]> {
  const what = "conntrack";
  const numbers = (await readProc(`${CONNTRACK}_count`, `${CONNTRACK}_max`)).split("\n").map(
    Number,
  );
  const [count, most] = numbers;
  if (count === undefined || !most) {
    return [{ grade: "ok", what, found: "not in use yet" }];
  }
  const found = `${count} of ${most} connections tracked`;
  if (count < most * NEARLY_FULL) return [{ grade: "ok", what, found }];
  return [{
    grade: count < most ? "warn" : "fail",
    what,
    found: `${found}: when the table is full, no new connection gets in`,
    todo: `sysctl -w net.netfilter.nf_conntrack_max=${most * 2}`,
  }];
}

/** The folders that `serve` writes to. */
export async function folderFindings(checkup: Checkup): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (!await isWritable(checkup.stateFolder)) {
    findings.push({
      grade: "warn",
      what: "folders",
      found:
        `"${checkup.stateFolder}" is not writable: bans and trusted addresses are lost at a restart`,
      todo: "set STATE_DIRECTORY to a directory that root can write to",
    });
  }
  return findings.length > 0 ? findings : [{ grade: "ok", what: "folders", found: "writable" }];
}

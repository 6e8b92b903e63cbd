import type { Finding } from "../../core/finding.ts";
import { OURS } from "../../core/firewall/iptables.ts";
import { C3poError } from "../../core/errors.ts";
import { isWritable } from "../../host/files.ts";
import { saveRules } from "../../host/iptables.ts";
import { lockServe } from "../../host/lock.ts";
import { readProc } from "../../host/procfs.ts";
import type { Checkup } from "./checkup.ts";

/** From here on new connections, also those of users, may soon find no room. */
const NEARLY_FULL = 0.8;
const CONNTRACK = "/proc/sys/net/netfilter/nf_conntrack";

/** Whether `serve` runs, or has left something behind. */
export async function serveFindings({ runtimeFolder }: Checkup): Promise<Finding[]> {
  const what = "serve";
  try {
    (await lockServe(runtimeFolder)).release();
  } catch (error) {
    if (!(error instanceof C3poError) || !/already running/.test(error.message)) throw error;
    return [{ grade: "ok", what, found: error.message.replace(/^c3po serve is /, "") }];
  }
  const left = (await saveRules(4)).includes(OURS);
  if (!left) return [{ grade: "ok", what, found: "does not run" }];
  return [{
    grade: "warn",
    what,
    found: "does not run, and one that died has left rules",
    todo: "start it, which takes them over, or remove them: c3po serve --undo",
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
    found: `${found}: when it is full nobody gets in, by whatever port`,
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
        `"${checkup.stateFolder}" cannot be written: bans and friends are forgotten at a restart`,
      todo: "set STATE_DIRECTORY to a folder that root may write to",
    });
  }
  return findings.length > 0 ? findings : [{ grade: "ok", what: "folders", found: "writable" }];
}

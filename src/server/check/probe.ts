import { createFirewall } from "../../firewall/engines.ts";
import { C3poError } from "../../os/errors.ts";
import type { Finding } from "../../os/finding.ts";
import { probe } from "../probe.ts";
import { readReport, reportFile } from "../report_file.ts";
import type { Checkup } from "./checkup.ts";

/** Tries the rules of a running `serve`, if that was asked for. */
export async function probeFindings(checkup: Checkup): Promise<Finding[]> {
  const { isProbed, runtimeFolder, clock } = checkup;
  const what = "probe";
  if (!isProbed) return [];
  const report = await readReport(await reportFile(runtimeFolder));
  if (report === null) {
    const found = "not done: serve is not running";
    return [{ grade: "warn", what, found, todo: "start it: systemctl start c3po, or c3po serve" }];
  }
  try {
    const { windows, sshPort, engine } = report;
    await using firewall = await createFirewall(engine, clock);
    return await probe({ windows: () => windows, sshPort, firewall, clock });
  } catch (error) {
    if (!(error instanceof C3poError)) throw error;
    const todo = error.hint ?? "run it as root, where network namespaces can be created";
    return [{ grade: "warn", what, found: `not done: ${error.message}`, todo }];
  }
}

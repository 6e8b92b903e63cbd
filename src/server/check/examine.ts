import { C3poError } from "../../core/errors.ts";
import type { Finding } from "../../core/finding.ts";
import type { Checkup } from "./checkup.ts";
import { clockFindings } from "./clock.ts";
import { kernelFindings } from "./kernel.ts";
import { lockoutFindings } from "./lockout.ts";
import { conntrackFindings, folderFindings, serveFindings } from "./machine.ts";
import { neighbourFindings } from "./neighbours.ts";
import { sshdFindings } from "./sshd.ts";
import { toolFindings } from "./tools.ts";

/** What is looked at, in the order in which it is told. */
const PARTS: readonly [string, (checkup: Checkup) => Promise<Finding[]>][] = [
  ["tools", toolFindings],
  ["kernel", kernelFindings],
  ["clock", clockFindings],
  ["sshd", sshdFindings],
  ["serve", serveFindings],
  ["firewall", neighbourFindings],
  ["conntrack", conntrackFindings],
  ["folders", folderFindings],
  ["lockout", lockoutFindings],
];

/** Examines this machine as a server; changes nothing. */
export async function examine(checkup: Checkup): Promise<Finding[]> {
  const parts = await Promise.all(PARTS.map(async ([what, look]): Promise<Finding[]> => {
    try {
      return await look(checkup);
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      const todo = error.hint ?? "run the command it names by hand";
      return [{ grade: "fail", what, found: error.message, todo }];
    }
  }));
  return parts.flat();
}

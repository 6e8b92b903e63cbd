import { C3poError } from "../../os/errors.ts";
import type { Finding } from "../../os/finding.ts";
import type { Checkup } from "./checkup.ts";
import { clockFindings } from "./clock.ts";
import { doorFindings } from "./door.ts";
import { engineFindings, foreignFindings } from "./firewall.ts";
import { lockoutFindings } from "./lockout.ts";
import { conntrackFindings, folderFindings, serveFindings } from "./machine.ts";
import { probeFindings } from "./probe.ts";
import { savedFindings } from "./saved.ts";
import { serviceFindings } from "./services.ts";
import { shareFindings } from "./share.ts";
import { sshdFindings } from "./sshd.ts";
import { userFindings } from "./users.ts";

/** The checks, in the order of the output. */
const PARTS: readonly [string, (checkup: Checkup) => Promise<Finding[]>][] = [
  ["firewall", engineFindings],
  ["clock", clockFindings],
  ["sshd", sshdFindings],
  ["serve", serveFindings],
  ["services", serviceFindings],
  ["users", userFindings],
  ["door", doorFindings],
  ["share", shareFindings],
  ["rules", foreignFindings],
  ["saved rules", savedFindings],
  ["conntrack", conntrackFindings],
  ["folders", folderFindings],
  ["lockout", lockoutFindings],
];

/** Examines this machine as a server; nothing that it changes, for a probe, stays. */
export async function examine(checkup: Checkup): Promise<Finding[]> {
  const parts = await Promise.all(PARTS.map(async ([what, look]): Promise<Finding[]> => {
    try {
      return await look(checkup);
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      const todo = error.hint ?? "run the failed command by hand";
      return [{ grade: "fail", what, found: error.message, todo }];
    }
  }));
  return [...parts.flat(), ...await probeFindings(checkup)];
}

import { C3poError } from "../../os/errors.ts";
import type { Finding } from "../../os/finding.ts";
import { formatMoment } from "../../schedule/moment.ts";
import { readReport, reportFile } from "../report_file.ts";
import { quorumOf } from "../share/quorum.ts";
import { readMembership } from "../share/share_files.ts";
import { LEAST_FORGED } from "../share_settings.ts";
import type { Checkup } from "./checkup.ts";

const what = "share";

/** What is shared with other servers, and whether the way to them works; nothing where nothing is. */
export async function shareFindings(checkup: Checkup): Promise<Finding[]> {
  const { share } = checkup.config;
  if (share === null) return [];
  const findings: Finding[] = [];
  try {
    const { self, members } = await readMembership(share);
    findings.push({ grade: "ok", what, found: `this server is ${self}, one of ${members.size}` });
  } catch (error) {
    if (!(error instanceof C3poError)) throw error;
    const todo = error.hint === undefined ? {} : { todo: error.hint };
    findings.push({ grade: "fail", what, found: error.message, ...todo });
  }
  for (const name of ["store", "replica"] as const) {
    if (!share[name]?.startsWith("redis:")) continue;
    const found = `the way to the ${name} is not encrypted, nor is its password`;
    findings.push({ grade: "warn", what, found, todo: `write ${name} = "rediss://…"` });
  }
  return [...findings, ...await quorumFindings(checkup), ...await stateFindings(checkup)];
}

/** A quorum of SYNs is worth what it costs to forge them. */
async function quorumFindings({ config, planner, clock }: Checkup): Promise<Finding[]> {
  const quorum = await quorumOf(config, planner, clock.now());
  if (quorum === null) return [];
  const found = `with quorum:${quorum.members}, ${quorum.packets} forged packets ban a stranger ` +
    "on all servers";
  if (quorum.packets >= LEAST_FORGED) return [{ grade: "ok", what, found }];
  return [{
    grade: "fail",
    what,
    found: `${found}: with less than ${LEAST_FORGED} it is not applied`,
    todo: "set fewer traps or a larger quorum",
  }];
}

async function stateFindings({ runtimeFolder }: Checkup): Promise<Finding[]> {
  const state = (await readReport(await reportFile(runtimeFolder)))?.share;
  if (state === undefined || state === null || state.store === "up") return [];
  const [found, todo] = state.store === "absent"
    ? ["c3po share is not running", "systemctl enable --now c3po-share"]
    : ["the store does not answer", "journalctl -u c3po-share says why"];
  return [{ grade: "warn", what, found: `${found} since ${formatMoment(state.since)}`, todo }];
}

import type { Family } from "../core/address.ts";
import { runTool } from "./tool.ts";

/** How long to wait for another tool that is changing rules, in seconds. */
const LOCK_SECONDS = 5;

/** Every rule of a family, as `iptables-save` prints them. */
export async function saveRules(family: Family): Promise<string> {
  return await runTool(`${prefix(family)}-save`, []);
}

/** Loads text made for `iptables-restore --noflush`; none at all is no work. */
export async function restoreRules(family: Family, text: string): Promise<void> {
  if (text === "") return;
  const args = ["--noflush", "--wait", String(LOCK_SECONDS)];
  await runTool(`${prefix(family)}-restore`, args, { stdin: text });
}

/**
 * Makes sure that the tools of a family are there.
 *
 * @throws {ToolFailure} naming the one that is missing
 */
export async function findIptables(family: Family): Promise<void> {
  for (const part of ["save", "restore"]) await runTool(`${prefix(family)}-${part}`, ["--version"]);
}

function prefix(family: Family): string {
  return family === 4 ? "iptables" : "ip6tables";
}

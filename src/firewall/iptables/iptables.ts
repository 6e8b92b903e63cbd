import type { Family } from "../../os/address.ts";
import { runTool } from "../../os/tool.ts";
import { Failure } from "../../os/errors.ts";
import { ToolFailure } from "../../os/tool_failure.ts";
import {
  HOOKED,
  isOurChain,
  parseChain,
  parseSaved,
  type SavedRules,
  type SavedTable,
  targetOf,
  unreadableTables,
} from "./saved_rules.ts";

/** How long to wait for another tool that is changing rules, in seconds. */
const LOCK_SECONDS = 5;
const SAVE_MS = 3000;

/** What `iptables-restore` ends with when another tool held the lock all the time. */
const LOCKED = 4;

/** The two programs that go by the name of iptables; each has tables of its own in the kernel. */
export type Backend = "nft" | "legacy";

/** Both backends. */
export const BACKENDS: readonly Backend[] = ["nft", "legacy"];

/**
 * Reads every rule of a family.
 *
 * @param backend the one that goes by the plain name unless given
 * @throws {UnreadableRules} if a table could not be read: it may hold anything
 */
export async function readRules(family: Family, backend?: Backend): Promise<SavedRules> {
  const text = await runTool(`${prefix(family, backend)}-save`, [], { timeout: SAVE_MS });
  const [table] = unreadableTables(text);
  if (table !== undefined) throw new UnreadableRules(family, table);
  return parseSaved(text);
}

/**
 * Reads what there is of C3PO's, by the iptables in use: of a table with native rules, which
 * {@linkcode readRules} cannot read, the chains that lead to ours, and those. Enough to remove what is ours,
 * and nothing else may be built on it: other chains may hold anything.
 *
 * @throws {UnreadableRules} if one of those has native rules itself
 */
export async function readOurs(family: Family): Promise<SavedRules> {
  const text = await runTool(`${prefix(family)}-save`, [], { timeout: SAVE_MS });
  const saved = new Map(parseSaved(text));
  for (const table of unreadableTables(text)) saved.set(table, await readChains(family, table));
  return saved;
}

async function readChains(family: Family, table: string): Promise<SavedTable> {
  const policies = new Map<string, string>();
  const rules = new Map<string, readonly string[]>();
  const names = new Set<string>(HOOKED[table]);
  for (const name of names) {
    const chain = parseChain(await printChain(family, table, name));
    policies.set(name, chain.policy);
    rules.set(name, chain.rules);
    const targets = chain.rules.flatMap((line) => targetOf(line) ?? []).filter(isOurChain);
    for (const target of targets) names.add(target); // and is read in this very loop
  }
  return { policies, rules };
}

async function printChain(family: Family, table: string, chain: string): Promise<string> {
  try {
    return await runTool(prefix(family), ["-t", table, "-S", chain], { timeout: SAVE_MS });
  } catch (error) {
    if (!(error instanceof ToolFailure) || error.code === null) throw error;
    throw new UnreadableRules(family, table);
  }
}

/** A table of which iptables can tell nothing, because native rules of nftables are in it. */
export class UnreadableRules extends Failure {
  /** @param table as iptables calls it */
  constructor(family: Family, table: string) {
    super(`iptables cannot read table ${table} of IPv${family}: it has native nftables rules`, {
      hint: "move those rules to another table, or use c3po serve --firewall nftables",
    });
  }
}

/**
 * Loads text made for `iptables-restore --noflush`; none at all is no work.
 *
 * @throws {ToolFailure} for which {@linkcode isLocked} tells whether another tool was in the way
 */
export async function restoreRules(
  family: Family,
  text: string,
  backend?: Backend,
): Promise<void> {
  if (text === "") return;
  const args = ["--noflush", "--wait", String(LOCK_SECONDS)];
  const timeout = LOCK_SECONDS * 1000 + SAVE_MS;
  await runTool(`${prefix(family, backend)}-restore`, args, { stdin: text, timeout });
}

/** Whether a tool failed because another one was changing rules all the time. */
export function isLocked(error: unknown): boolean {
  return error instanceof ToolFailure && error.code === LOCKED;
}

/** Which of the two `iptables` is here. */
export async function backendHere(): Promise<Backend> {
  const version = await runTool("iptables", ["--version"], { timeout: SAVE_MS });
  return version.includes("nf_tables") ? "nft" : "legacy";
}

/**
 * Whether this machine has the program that filters a family at all; whether all of its parts are
 * there is for {@linkcode findIptables} to say.
 */
export async function hasIptables(family: Family): Promise<boolean> {
  try {
    await runTool(prefix(family), ["--version"], { timeout: SAVE_MS });
    return true;
  } catch (error) {
    if (error instanceof ToolFailure && error.isMissing) return false;
    throw error;
  }
}

/**
 * Makes sure that the tools of a family are there.
 *
 * @throws {ToolFailure} naming the one that is missing
 */
export async function findIptables(family: Family): Promise<void> {
  for (const part of ["save", "restore"]) {
    await runTool(`${prefix(family)}-${part}`, ["--version"], { timeout: SAVE_MS });
  }
}

function prefix(family: Family, backend?: Backend): string {
  const name = family === 4 ? "iptables" : "ip6tables";
  return backend === undefined ? name : `${name}-${backend}`;
}

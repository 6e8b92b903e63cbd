import type { Clock } from "../../os/clock.ts";
import { C3poError } from "../../os/errors.ts";
import { retry } from "../../os/retry.ts";
import { letInNoMore } from "./let_in.ts";
import { findTable, listTables } from "./listing.ts";
import { transact } from "./nft.ts";
import { portsToSpare, SESSIONS_TABLE, sessionsText } from "./sessions.ts";
import { TABLE } from "./sets.ts";

/** Long enough to outlast a tool that fails for a moment. */
const PERSISTENCE = { tries: 8, pauseMs: 250 };

/**
 * Removes every table and rule of C3PO. A tool that fails is tried again; what cannot be removed does not
 * keep the rest from being removed.
 *
 * @param hasSuccessor whether another engine keeps sessions alive
 * @throws {C3poError} the first reason for which something is left
 */
export async function removeEverything(hasSuccessor: boolean, clock: Clock): Promise<void> {
  const failures: C3poError[] = [];
  const attempt = async (what: string, action: () => Promise<void>): Promise<void> => {
    try {
      await retry(action, { ...PERSISTENCE, what }, clock);
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      failures.push(error);
    }
  };
  await attempt("remove the tables", () => removeTables(hasSuccessor));
  await attempt("remove the rules that let in", letInNoMore);
  if (failures.length > 0) throw failures[0]!;
}

/**
 * Removes the table with all that is in it, in one step, and leaves what open sessions need.
 *
 * @param hasSuccessor whether another engine keeps them alive
 */
async function removeTables(hasSuccessor: boolean): Promise<void> {
  const ours = [TABLE, SESSIONS_TABLE];
  const gone = ours.map((name) => `table ${name}\ndelete table ${name}\n`).join("");
  const spared = hasSuccessor ? [] : await sessionPorts(ours);
  await transact(gone + (spared.length > 0 ? sessionsText(spared) : ""));
}

async function sessionPorts(ours: readonly string[]): Promise<number[]> {
  const tables = await listTables();
  const others = tables.filter(({ family, name }) => !ours.includes(`${family} ${name}`));
  return await portsToSpare(ours.map((name) => findTable(tables, name)), others);
}

import { getLogger } from "@logtape/logtape";
import { C3poError } from "../core/errors.ts";
import { countedReferences } from "../core/firewall/references.ts";
import { SSH } from "../core/firewall/sets.ts";
import type { Clock } from "../host/clock.ts";
import type { SetSession } from "../host/set_session.ts";
import type { RuleBook } from "./rule_book.ts";

/** Rarely enough to cost next to nothing: a monitor seldom gets stuck. */
const LOOK_MS = 5000;
/** What the monitor has to say comes long before. */
const SETTLE_MS = 250;

/** Rules of every family look at it, in nat and in filter, and the kernel need not count what it holds. */
const SET = SSH.name;

const log = getLogger(["c3po", "guard"]);

/**
 * Hears what a monitor that is stopped, or hangs, does not: rules that are gone no longer refer to a set,
 * and how many do, the kernel tells at a fraction of what it costs to read the rules. A monitor that
 * said nothing is replaced.
 *
 * @param planned how many rules ought to refer to each set
 */
export async function secondEar(
  planned: ReadonlyMap<string, number>,
  { book, sets }: { readonly book: RuleBook; readonly sets: SetSession },
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  let known = false;
  for (let heard = book.heard; !signal.aborted; heard = book.heard) {
    await clock.sleep(LOOK_MS, signal);
    if (signal.aborted || !book.hears) continue;
    // Until they are back, which may take time, there is nothing new to hear.
    const isNews = !known;
    known = await isFewer(planned, sets);
    if (!known || !isNews || book.heard !== heard) continue;
    book.doubt();
    await clock.sleep(SETTLE_MS, signal);
    if (signal.aborted || book.heard !== heard) continue;
    log.warn("xtables-monitor says nothing of rules that went, starting another");
    book.distrust();
  }
}

/** Whether fewer rules look at the set than ought to. */
async function isFewer(
  planned: ReadonlyMap<string, number>,
  sets: SetSession,
): Promise<boolean> {
  const lines: string[] = [];
  try {
    await sets.print(`list ${SET}\n`, (more) => lines.push(...more));
  } catch (error) {
    if (!(error instanceof C3poError)) throw error;
    return false; // the guard asks for the same set, and reports what is wrong with it
  }
  return (countedReferences(lines).get(SET) ?? 0) < (planned.get(SET) ?? 0);
}

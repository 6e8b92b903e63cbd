import { FAMILIES, type Family } from "../../os/address.ts";
import { C3poError } from "../../os/errors.ts";
import { eventLog } from "../../os/event_log.ts";
import type { Clock } from "../../os/clock.ts";
import { isConnected } from "../../os/sockets.ts";
import { retry } from "../../os/retry.ts";
import { ToolFailure } from "../../os/tool_failure.ts";
import { restoreSets, setNames } from "./ipset.ts";
import { destroySets } from "./ipset_text.ts";
import { type Backend, BACKENDS, readOurs, readRules, restoreRules } from "./iptables.ts";
import { SESSIONS } from "./policy_chains.ts";
import { restoreText } from "./restore_text.ts";
import { isOurChain, isOurJump, type SavedRules, tracksConnections } from "./saved_rules.ts";
import { isOurs } from "./sets.ts";

/** Long enough to outlast another tool that holds the lock for half a minute. */
const PERSISTENCE = { tries: 8, pauseMs: 250 };
/** What is not in use here may not even work here. */
const ONCE = { tries: 1, pauseMs: 0 };
/** A deleted rule lets go of its sets a little later than the tool that deleted it returns. */
const RELEASE = { tries: 50, pauseMs: 20, what: null };

const KEPT = { chain: SESSIONS.name, removed: "by the next start or stop of serve" };

const log = eventLog("firewall");

/**
 * Removes every rule and set of C3PO, in whatever state: of this run, of one
 * that crashed, of another version, and in the tables of the other iptables. A tool that fails is
 * tried again; what cannot be removed does not keep the rest from being removed. Sessions live on.
 *
 * @param families those that are served: what is left of others is removed if that is possible
 * @param ports where the sessions to spare are
 * @throws {C3poError} the first reason for which something is left
 */
export async function removeEverything(
  families: readonly Family[],
  ports: readonly number[],
  clock: Clock,
): Promise<void> {
  const failures: C3poError[] = [];
  const attempt = async (
    what: string,
    action: () => Promise<void>,
    isServed = true,
  ): Promise<void> => {
    try {
      await retry(
        action,
        { ...(isServed ? PERSISTENCE : ONCE), what: isServed ? what : null },
        clock,
      );
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      if (isServed) failures.push(error);
      else log.debug("other_iptables", `cannot ${what}`, { error: error.message });
    }
  };
  for (const family of FAMILIES) {
    const isServed = families.includes(family);
    await attempt(`remove the rules of IPv${family}`, () => spareSessions(family, ports), isServed);
    for (const backend of BACKENDS) {
      await attempt(
        `remove the rules of IPv${family} in iptables-${backend}`,
        () => removeRules(family, backend),
        false,
      );
    }
  }
  await attempt("remove the sets", () => removeSets(clock));
  if (failures.length > 0) throw failures[0]!;
}

/**
 * Removes the rules of a family, if there are any; a machine without the tool has none.
 *
 * @param backend the one that goes by the plain name unless given
 * @param hasSessions whether there are any that a last chain must keep alive
 */
export async function removeRules(
  family: Family,
  backend?: Backend,
  hasSessions = false,
): Promise<void> {
  let saved: SavedRules;
  try {
    saved = backend === undefined ? await readOurs(family) : await readRules(family, backend);
  } catch (error) {
    // Not every machine has all of them.
    if (error instanceof ToolFailure && error.isMissing) return;
    throw error;
  }
  if (!hasOurs(saved, backend !== undefined)) return;
  const left = hasSessions && !tracksConnections(saved) ? [SESSIONS] : [];
  if (left.length > 0) log.info("sessions_kept", "kept a chain for the open sessions", KEPT);
  await restoreRules(family, restoreText(left, saved), backend);
}

/** @param sparing whether a chain that keeps sessions alive does not count */
function hasOurs(saved: SavedRules, sparing: boolean): boolean {
  return [...saved.values()].some(({ rules }) =>
    [...rules].some(([chain, lines]) =>
      (isOurChain(chain) && !(sparing && chain === SESSIONS.name)) || lines.some(isOurJump)
    )
  );
}

/** The plain name is that of the iptables in use, whose rules the open sessions hang on. */
async function spareSessions(family: Family, ports: readonly number[]): Promise<void> {
  const open = await Promise.all(ports.map((port) => isConnected(port)));
  await removeRules(family, undefined, open.includes(true));
}

async function removeSets(clock: Clock): Promise<void> {
  await retry(
    async () => await restoreSets(destroySets((await setNames()).filter(isOurs))),
    RELEASE,
    clock,
  );
}

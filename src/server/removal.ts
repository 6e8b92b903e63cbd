import { getLogger } from "@logtape/logtape";
import { FAMILIES, type Family } from "../core/address.ts";
import { C3poError } from "../core/errors.ts";
import { OURS, restoreText } from "../core/firewall/iptables.ts";
import { SESSIONS } from "../core/firewall/plan.ts";
import { destroySets } from "../core/firewall/ipset.ts";
import { isOurs } from "../core/firewall/sets.ts";
import { tracksConnections } from "../core/sockets.ts";
import type { Clock } from "../host/clock.ts";
import { restoreSets, setNames } from "../host/ipset.ts";
import { type Backend, BACKENDS, restoreRules, saveRules } from "../host/iptables.ts";
import { isConnected } from "../host/procfs.ts";
import { ToolFailure } from "../host/tool_failure.ts";
import { persist } from "./persist.ts";

/** Long enough to outlast another tool that holds the lock for half a minute. */
const PERSISTENCE = { tries: 8, pauseMs: 250 };
/** A family that is not served may be one that the machine does not even have. */
const ONCE = { tries: 1, pauseMs: 0 };
/** A deleted rule lets go of its sets a little later than the tool that deleted it returns. */
const RELEASE = { tries: 50, pauseMs: 20 };

const KEPT = { chain: SESSIONS.name, removed: "by the next start or stop of serve" };

/** Chains of ours beside the one that keeps sessions. */
const MORE = new RegExp(`${OURS}(?!${SESSIONS.name.slice(OURS.length)})`);

const log = getLogger(["c3po", "kernel"]);

/**
 * Removes every rule and set of C3PO's, whoever left them and in whatever state: of this run, of one
 * that crashed, of another version, and in the tables of the other iptables. A tool that fails is
 * tried again; what cannot be removed does not keep the rest from being removed. Sessions live on.
 *
 * @param families those that are served: what is left of others is removed if that is possible
 * @param sshPort where the sessions to spare are
 * @throws {C3poError} the first reason for which something is left
 */
export async function removeEverything(
  families: readonly Family[],
  sshPort: number,
  clock: Clock,
): Promise<void> {
  const failures: C3poError[] = [];
  const attempt = async (
    what: string,
    action: () => Promise<void>,
    served = true,
  ): Promise<void> => {
    try {
      await persist(action, { ...(served ? PERSISTENCE : ONCE), what }, clock);
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      if (served) failures.push(error);
    }
  };
  for (const family of FAMILIES) {
    const served = families.includes(family);
    await attempt(`remove the rules of IPv${family}`, () => spareSessions(family, sshPort), served);
    for (const backend of BACKENDS) {
      await attempt(
        `remove the rules of IPv${family} in iptables-${backend}`,
        () => removeRules(family, backend),
        served,
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
 * @param sessions whether there are any that a last chain must keep alive
 */
export async function removeRules(
  family: Family,
  backend?: Backend,
  sessions = false,
): Promise<void> {
  let saved: string;
  try {
    saved = await saveRules(family, backend);
  } catch (error) {
    // Not every machine has all of them.
    if (error instanceof ToolFailure && error.isMissing) return;
    throw error;
  }
  if (!saved.includes(OURS) || (backend !== undefined && !MORE.test(saved))) return;
  const left = sessions && !tracksConnections(saved) ? [SESSIONS] : [];
  if (left.length > 0) log.info("sessions are open, a chain stays that keeps them", KEPT);
  await restoreRules(family, restoreText(left, saved), backend);
}

/** The plain name is that of the iptables in use, whose rules the open sessions hang on. */
async function spareSessions(family: Family, sshPort: number): Promise<void> {
  await removeRules(family, undefined, await isConnected(sshPort));
}

async function removeSets(clock: Clock): Promise<void> {
  const destroy = async (): Promise<void> => {
    await restoreSets(destroySets((await setNames()).filter(isOurs)));
  };
  const passing = (error: C3poError): boolean => /in use/.test(error.message);
  await persist(destroy, { ...RELEASE, what: null, passing }, clock);
}

import type { Family } from "../../os/address.ts";
import { Failure } from "../../os/errors.ts";
import { ToolFailure } from "../../os/tool_failure.ts";
import type { Window } from "../../schedule/windows.ts";
import type { Policy } from "../policy.ts";
import { isComplete, type OwnRules, ownRules } from "./drift.ts";
import { type ClosedPortReply, LOOKED_UP, type OwnSocket } from "./input_rules.ts";
import { isLocked, readRules, restoreRules } from "./iptables.ts";
import { ownSocket } from "./own_socket.ts";
import { policyChains } from "./policy_chains.ts";
import { restoreText } from "./restore_text.ts";
import type { Chain } from "./rules.ts";
import { deniesByDefault, type SavedRules } from "./saved_rules.ts";
import { windowChains } from "./window_chains.ts";

/** Another tool may change rules between our load and our read. */
const LOAD_TRIES = 3;

/** What was loaded of a family. */
export interface LoadedFamily {
  readonly reply: ClosedPortReply;
  readonly socket: OwnSocket;
  /** The rules as the kernel prints them. */
  readonly own: OwnRules;
  readonly chains: readonly Chain[];
}

/**
 * Loads all of C3PO's rules of a family.
 *
 * @param windows that are open
 * @throws {Failure} if other tools never leave them in place
 */
export async function loadFamily(
  family: Family,
  policy: Policy,
  windows: readonly Window[],
): Promise<LoadedFamily> {
  const socket = await ownSocket(family);
  try {
    return await loadWith(socket, family, policy, windows);
  } catch (error) {
    // A kernel may refuse what its tools know.
    const refused = error instanceof ToolFailure && error.code !== null && !isLocked(error);
    if (!refused || socket === LOOKED_UP) throw error;
    return await loadWith(LOOKED_UP, family, policy, windows);
  }
}

async function loadWith(
  socket: OwnSocket,
  family: Family,
  policy: Policy,
  windows: readonly Window[],
): Promise<LoadedFamily> {
  for (let tries = 1; tries <= LOAD_TRIES; tries++) {
    const saved: SavedRules = await readRules(family);
    const reply = replyBeside(saved);
    const chains = [
      ...policyChains(family, policy, reply, socket),
      ...windowChains(family, policy, windows, reply),
    ];
    await restoreRules(family, restoreText(chains, saved));
    const own = ownRules(await readRules(family));
    if (isComplete(own, chains)) return { reply, socket, own, chains };
  }
  throw new Failure(`another tool keeps changing the rules of IPv${family}`, {
    hint: "find out which: xtables-monitor --event",
  });
}

/** How the other rules of a machine have closed ports answer. */
export function replyBeside(saved: SavedRules): ClosedPortReply {
  return deniesByDefault(saved) ? "silence" : "reset";
}

import type { BanStore } from "../../bans/ban_store.ts";
import { C3poError } from "../../os/errors.ts";
import { eventLog } from "../../os/event_log.ts";
import type { Configuration, Context } from "../context.ts";
import { LEAST_FORGED } from "../share_settings.ts";
import type { UserDirectory } from "../user_directory.ts";
import { FleetShare } from "./fleet_share.ts";
import { quorumOf } from "./quorum.ts";
import { readSaved } from "./share_files.ts";

const log = eventLog("share");

/** Whose keys an order can revoke. */
export interface RevocableUsers {
  readonly users: Pick<UserDirectory, "planner" | "revoke">;
  /** Called when an order has made a user's ports traps: the kernel is to know that soon. */
  readonly onRevoke: () => void;
}

/**
 * This server's part in a fleet; null if it has none, or if a file that is needed for it cannot be used: that
 * is no reason not to serve.
 */
export async function openShare(
  configuration: Configuration,
  context: Context,
  store: BanStore,
  { users, onRevoke: onRevoked }: RevocableUsers,
): Promise<FleetShare | null> {
  const { config } = configuration;
  // Also if nothing is shared any more: a key that was revoked stays so.
  await users.revoke(await revokedKeys(context.stateFolder));
  if (config.share === null) return null;
  const quorum = await quorumOf(config, users.planner, context.clock.now());
  if (quorum !== null && quorum.packets < LEAST_FORGED) {
    log.error("share_quorum", "reports of SYNs are not applied: to forge them is too easy", {
      packets: quorum.packets,
      needed: LEAST_FORGED,
      next: "set fewer traps, or a larger quorum",
    });
  }
  const members = quorum === null || quorum.packets < LEAST_FORGED ? null : quorum.members;
  try {
    const onRevoke = async (each: string): Promise<void> => {
      await users.revoke([each]);
      onRevoked();
    };
    return await FleetShare.open(configuration, context, store, members, onRevoke);
  } catch (error) {
    if (!(error instanceof C3poError)) throw error;
    log.error("share_failed", "cannot share bans; local bans are not affected", {
      error: error.message,
      ...(error.hint === undefined ? {} : { next: error.hint }),
    });
    return null;
  }
}

/** Fingerprints of users' keys that orders have revoked. Of a damaged file who opens it for sharing tells. */
async function revokedKeys(stateFolder: string): Promise<readonly string[]> {
  return (await readSaved(stateFolder, () => {})).revoked;
}

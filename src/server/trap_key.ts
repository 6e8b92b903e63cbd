import { C3poError } from "../os/errors.ts";
import { eventLog } from "../os/event_log.ts";
import { writePrivate } from "../os/files.ts";
import { join } from "../os/path.ts";
import type { Key } from "../schedule/key.ts";
import { formatKey, parseKey } from "../schedule/key_text.ts";
import { newKey, readKey } from "../users/key_files.ts";

const NOTE = "# The traps of this server come from this key. It is no user's key and stays here.\n";

const log = eventLog("users");

/**
 * The key from which the traps come where several keys open ports, so that no user can compute them.
 * It is made when it is first needed, and made anew where it cannot be used: then the traps of coming
 * minutes change, and nothing else does.
 *
 * @param stateFolder holds it as `traps.key`
 */
export async function loadTrapKey(stateFolder: string): Promise<Key> {
  const file = trapKeyFile(stateFolder);
  try {
    const found = await readKey(file, parseKey);
    if (found !== null) return found.key;
  } catch (error) {
    tellReplaced(file, error);
  }
  const key = newKey();
  try {
    await writePrivate(file, `${NOTE}${formatKey(key)}\n`, true);
  } catch (error) {
    if (!(error instanceof C3poError)) throw error;
    log.warn("trap_key_unsaved", "cannot save the key of the traps; a restart changes them", {
      error: error.message,
    });
  }
  return key;
}

/** The same for a preview, which changes nothing: null if there is none, or none to be read. */
export async function findTrapKey(stateFolder: string): Promise<Key | null> {
  try {
    return (await readKey(trapKeyFile(stateFolder), parseKey))?.key ?? null;
  } catch (error) {
    if (error instanceof C3poError) return null;
    throw error;
  }
}

function trapKeyFile(stateFolder: string): string {
  return join(stateFolder, "traps.key");
}

function tellReplaced(file: string, error: unknown): void {
  if (!(error instanceof C3poError)) throw error;
  log.warn("trap_key_replaced", "the key of the traps cannot be used, creating a new one", {
    file,
    error: error.message,
  });
}

import { asSource, Failure } from "../os/errors.ts";
import type { Host } from "../os/host.ts";
import { readPiped } from "../os/secret.ts";
import type { Key, MasterKey } from "../schedule/key.ts";
import { parseKeyOrMaster } from "../schedule/key_text.ts";
import type { FoundKey } from "./key_files.ts";
import { findKeyOrMaster } from "./keyring.ts";
import { receivedKey } from "./received_key.ts";

/**
 * Finds the key that others are to be derived from: in the file that `--key` names, else on stdin,
 * else where every command looks.
 *
 * @param file what `--key` named
 * @throws {Failure} if there is none, or it cannot be used
 */
export async function findParentKey(
  file: string | undefined,
  host: Host,
): Promise<FoundKey<Key | MasterKey>> {
  const text = file === undefined ? await readPiped() : null;
  if (text === null) return await findKeyOrMaster({ file }, host);
  try {
    const key = asSource("the key on stdin", () => receivedKey(text, parseKeyOrMaster));
    return { key, source: "stdin" };
  } catch (error) {
    if (!(error instanceof Failure) || error.hint !== undefined) throw error;
    throw new Failure(error.message, { hint: "name the key file with --key" });
  }
}

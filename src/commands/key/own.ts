import { type Host, isRoot } from "../../os/host.ts";
import type { Key, MasterKey } from "../../schedule/key.ts";
import { parseKey } from "../../schedule/key_text.ts";
import { type FoundKey, readKey, SERVER_KEY } from "../../users/key_files.ts";
import { findKey, findKeyOrMaster } from "../../users/keyring.ts";

/** Where `serve` has its key on this machine, or would have it. */
export async function serverKeyFile(host: Host): Promise<string> {
  const { serverSettings } = await import("../server_config.ts");
  return (await serverSettings(host)).key ?? SERVER_KEY;
}

/**
 * The key of this machine: as root that of `serve`, where there is one. What root has as a client, which may be
 * a master key, is never taken for it: the answer goes to clients.
 *
 * @param file what `--key` named
 * @throws {Failure} if there is none, or it cannot be used
 */
export async function findOwnKey(
  file: string | undefined,
  host: Host,
): Promise<FoundKey<Key | MasterKey>> {
  const told = file ?? host.env("C3PO_KEY_FILE") ?? host.env("C3PO_SECRET");
  if (told !== undefined || !isRoot()) return await findKeyOrMaster({ file }, host);
  const path = await serverKeyFile(host);
  if (path !== SERVER_KEY) return await findKey({ file: path }, host);
  return await readKey(path, parseKey) ?? await findKeyOrMaster({}, host);
}

import type { Arguments } from "../../core/arguments.ts";
import { formatKey } from "../../core/key.ts";
import type { Host } from "../../host/host.ts";
import { findKey } from "../../host/keyring.ts";
import { resolveHost } from "../../host/ssh.ts";

/** `c3po key show`: answers with the line both ends share. */
export async function showKey(
  args: Arguments,
  [name]: readonly string[],
  host: Host,
): Promise<number> {
  const search = { file: args.value("key"), name, resolve: () => resolveHost(name) };
  const { key, source } = await findKey(search, host);
  const line = formatKey(key);
  host.terminal.out(`${args.has("json") ? JSON.stringify({ source, key: line }) : line}\n`);
  if (host.terminal.interactive) {
    host.terminal.note("c3po: whoever sees this line knows every port; clear the screen");
  }
  return 0;
}

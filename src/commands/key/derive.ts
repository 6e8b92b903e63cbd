import type { Arguments } from "../../cli/arguments.ts";
import { asArgument, Misuse } from "../../os/errors.ts";
import type { Host } from "../../os/host.ts";
import { checkPath, type DerivationPath, deriveKey } from "../../schedule/derivation.ts";
import { fingerprint } from "../../schedule/fingerprint.ts";
import { formatKey } from "../../schedule/key_text.ts";
import { findParentKey } from "../../users/parent_key.ts";

/** `c3po key derive`: answers with the line of a derived key. */
export async function deriveKeyLine(
  args: Arguments,
  _operands: readonly string[],
  host: Host,
): Promise<number> {
  const path = {
    user: args.value("user"),
    host: args.value("host"),
    service: args.value("service"),
  };
  const isOfUser = path.user !== undefined && path.host === undefined;
  if (Object.values(path).every((name) => name === undefined)) {
    throw new Misuse("nothing to derive: give --user, --host or --service");
  }
  if (args.has("master") && !isOfUser) {
    throw new Misuse(
      "--master needs --user and nothing else: only a user's key can derive host keys",
    );
  }
  const line = await derivedLine(path, args, host);
  host.terminal.raw(line);
  if (isOfUser && !args.has("master")) {
    host.terminal.note(
      `c3po: hint: for ${path.user}'s clients, which derive the keys of hosts from it: add --master`,
    );
  }
  if (host.terminal.interactive) {
    host.terminal.note("c3po: anyone who sees this line knows every port; clear the screen");
  }
  return 0;
}

async function derivedLine(path: DerivationPath, args: Arguments, host: Host): Promise<string> {
  const { key: parent } = await findParentKey(args.value("key"), host);
  asArgument(() => checkPath(parent, path));
  const derived = await deriveKey(parent, path);
  const key = formatKey(args.has("master") ? { ...derived, kind: "master" } : derived);
  if (!args.has("json")) return `${key}\n`;
  return `${JSON.stringify({ ...path, key, fingerprint: await fingerprint(derived) })}\n`;
}

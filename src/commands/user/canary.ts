import type { Arguments } from "../../cli/arguments.ts";
import { asArgument, asSource, Failure } from "../../os/errors.ts";
import { readText, writePrivate } from "../../os/files.ts";
import type { Host } from "../../os/host.ts";
import { checkUserName, userFilePath, USERS_FOLDER } from "../../users/registry.ts";
import { formatUserFile, parseUserFile } from "../../users/user_file.ts";
import { serverSettings } from "../server_config.ts";

/** `c3po user canary NAME`: answers with the file that changed. */
export async function makeCanary(name: string, args: Arguments, host: Host): Promise<number> {
  asArgument(() => checkUserName(name));
  const { users = USERS_FOLDER } = await serverSettings(host);
  const path = userFilePath(users, name);
  const text = await readText(path);
  if (text === null) {
    throw new Failure(`there is no user "${name}"`, { hint: "c3po user list shows all" });
  }
  const user = asSource(`"${path}"`, () => parseUserFile(text));
  // A stolen key may be used years later.
  const canary = { ...user, state: "canary", expires: null } as const;
  if (!args.has("dry-run")) await writePrivate(path, formatUserFile(canary), true);
  const answer = { user: name, file: path, state: canary.state };
  host.terminal.out(args.has("json") ? `${JSON.stringify(answer)}\n` : `${path}\n`);
  return 0;
}

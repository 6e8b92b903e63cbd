import type { Arguments } from "../../cli/arguments.ts";
import { removeHostBlock } from "../../client/ssh_config_file.ts";
import { Failure } from "../../os/errors.ts";
import { readText, removeFile } from "../../os/files.ts";
import type { Host } from "../../os/host.ts";
import { userKeyFile } from "../../users/key_files.ts";
import { checkHostName } from "./add.ts";

/** `c3po key remove HOST`: undoes `key add`; answers with the files that changed. */
export async function removeKey(
  args: Arguments,
  [name]: readonly string[],
  host: Host,
): Promise<number> {
  checkHostName(name);
  const file = userKeyFile(name, host);
  if (file === null) throw new Failure("no home directory with a key in it");
  // The block first: one without its key would keep plain ssh from working, too.
  const changed = await removeHostBlock(name, host);
  const hadKey = await readText(file, Infinity) !== null;
  if (hadKey) await removeFile(file);
  if (!hadKey && changed === null) {
    throw new Failure(`there is no key for "${name}"`, {
      hint: "c3po key list shows the existing keys",
    });
  }
  if (args.has("json")) {
    const answer = { host: name, file: hadKey ? file : null, changed: changed ? [changed] : [] };
    host.terminal.out(`${JSON.stringify(answer)}\n`);
    return 0;
  }
  if (hadKey) host.terminal.out(`${file}\n`);
  if (changed !== null) host.terminal.out(`${changed}\n`);
  return 0;
}

import { dirname, join } from "../os/path.ts";
import { Failure } from "../os/errors.ts";
import {
  includeLine,
  OWN_CONFIG,
  withHostBlock,
  withInclude,
  withoutHostBlock,
} from "./ssh_config.ts";
import { byteText, editBytes } from "../os/file_edit.ts";
import { accountHome, homeFolder } from "../os/home.ts";
import type { Host } from "../os/host.ts";
import { whileLocked } from "../os/folder_lock.ts";

/** The two files of ssh_config that C3PO has to do with. */
interface ConfigFiles {
  /** C3PO's own. */
  readonly own: string;
  /** The user's. */
  readonly main: string;
}

function configFiles(host: Host): ConfigFiles {
  const home = homeFolder(host);
  if (home === undefined) throw new Failure("no home directory for .ssh/config");
  return { own: join(home, ".ssh", OWN_CONFIG), main: join(home, ".ssh", "config") };
}

/**
 * Puts a Host block into C3PO's part of the user's ssh_config, once.
 *
 * @returns the files that were changed
 * @throws {Failure} if there is no home, or a file cannot be read or written
 */
export async function addHostBlock(name: string, block: string, host: Host): Promise<string[]> {
  const { own, main } = configFiles(host);
  const include = includeLine(own);
  return await whileLocked(dirname(own), async () => {
    const changed: string[] = [];
    // First our file: an Include of a file that is not there yet would be harmless, but idle.
    if (await editBytes(own, (text) => withHostBlock(text, name, byteText(block)))) {
      changed.push(own);
    }
    try {
      if (await editBytes(main, (text) => withInclude(text, byteText(include)))) changed.push(main);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      throw new Failure(error.message, {
        hint: `the key and "${own}" are written; put this line at the top of your ssh_config ` +
          `yourself: ${include.trimEnd()}`,
        cause: error,
      });
    }
    return changed;
  });
}

/**
 * Takes a host's block out of C3PO's part of the user's ssh_config.
 *
 * @returns the file that was changed; null if there was no such block
 */
export async function removeHostBlock(name: string, host: Host): Promise<string | null> {
  const { own } = configFiles(host);
  return await whileLocked(dirname(own), async () => {
    const isChanged = await editBytes(own, (text) => withoutHostBlock(text, name));
    return isChanged ? own : null;
  });
}

/**
 * What to tell a user whose `$HOME` is not where ssh looks for its configuration; null if it is.
 */
export function homeNote(host: Host): string | null {
  const [home, account] = [homeFolder(host), accountHome()];
  if (home === undefined || account === undefined || join(home, "x") === join(account, "x")) {
    return null;
  }
  return `HOME is "${home}", but ssh reads "${join(account, ".ssh", "config")}": ` +
    `put there, at its top: ${includeLine(join(home, ".ssh", OWN_CONFIG)).trimEnd()}`;
}

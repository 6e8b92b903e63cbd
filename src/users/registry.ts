import { encodeHex } from "@std/encoding/hex";
import { C3poError, Failure, Malformed } from "../os/errors.ts";
import { isForbidden, modeOf, namesIn, readText } from "../os/files.ts";
import { join } from "../os/path.ts";
import { checkName } from "../schedule/derivation.ts";
import { fingerprint } from "../schedule/fingerprint.ts";
import type { Key } from "../schedule/key.ts";
import { parseKey } from "../schedule/key_text.ts";
import { type FoundKey, readKey, SERVER_KEY } from "./key_files.ts";
import { parseUserFile, type UserFile } from "./user_file.ts";

/** Where the server has a file for each user. */
export const USERS_FOLDER = "/etc/c3po/users";

/** The user whose key is the server's own, `/etc/c3po/key`. */
export const DEFAULT_USER = "default";

/** A user whose file is in order. */
export interface User extends Omit<UserFile, "key" | "services"> {
  readonly name: string;
  readonly key: Key;
  /** `all` is every service there is: that of the user `default`. */
  readonly services: readonly string[] | "all";
  /** Null where it would help to guess the key. */
  readonly fingerprint: string | null;
}

/** A file that names no user, and why. Its user is not served; all others are. */
export interface Problem {
  /** Where it is. */
  readonly file: string;
  /** What is wrong, never with a word of a key. */
  readonly message: string;
  readonly hint?: string;
}

/** Who is served, in the order of the names, and what is wrong with the files of the others. */
export interface Registry {
  readonly users: readonly User[];
  readonly problems: readonly Problem[];
}

/** A file of the folder as it was found: what it holds, or why it could not be read. */
export interface FoundFile {
  readonly path: string;
  /** The name of the file without `.toml`. */
  readonly name: string;
  readonly content: string | C3poError;
}

/**
 * Tells who is served. Two files with one key are a mistake in one of them, and which one cannot be
 * told, so that neither is served; of a file and the server's own key the server's is.
 *
 * @param server the key of the user `default`, null if there is none
 */
export async function registryOf(
  files: readonly FoundFile[],
  server: FoundKey | null,
): Promise<Registry> {
  const problems: Problem[] = [];
  const read: (User & { readonly path: string })[] = [];
  if (server !== null) {
    const { key, source } = server;
    const whole = { services: "all", expires: null, from: [], state: "open" } as const;
    const user = { name: DEFAULT_USER, key, ...whole, fingerprint: await fingerprint(key) };
    read.push({ ...user, path: source });
  }
  for (const { path, name, content } of files) {
    try {
      if (typeof content !== "string") throw content;
      checkUserName(name);
      const user = parseUserFile(content);
      read.push({ name, ...user, fingerprint: await fingerprint(user.key), path });
    } catch (error) {
      problems.push(problemOf(path, error));
    }
  }
  const owners = Map.groupBy(read, ({ key }) => secretOf(key));
  const users: User[] = [];
  for (const { path, ...user } of read) {
    const others = owners.get(secretOf(user.key))!.filter((each) => each.path !== path);
    if (others.length === 0 || path === server?.source) {
      users.push(user);
      continue;
    }
    const paths = others.map((each) => `"${each.path}"`).join(", ");
    problems.push({
      file: path,
      message: `the key with fingerprint ${user.fingerprint} is that of ${paths} too`,
      hint: "give each user a key of their own",
    });
  }
  return { users, problems };
}

/** What two users must not have in common; the range of ports makes no other key of it. */
function secretOf(key: Key): string {
  return "bytes" in key ? encodeHex(key.bytes) : key.text;
}

/**
 * Refuses what can be no user of a server, so that no file is looked for under that name.
 *
 * @throws {Malformed} quoting it
 */
export function checkUserName(name: string): void {
  checkName("user", name);
  if (name === DEFAULT_USER) {
    throw new Malformed(`"${name}" is the user whose key is ${SERVER_KEY}`, {
      hint: "give the file another name",
    });
  }
}

/**
 * Reads the folder of users, and the server's own key.
 *
 * @param folder must be of mode 0700, its files of mode 0600; what is looser is a problem
 * @param keyFile the key of the user `default`, if it is there
 */
export async function loadRegistry(
  folder: string = USERS_FOLDER,
  keyFile: string = SERVER_KEY,
): Promise<Registry> {
  try {
    return await loadUsers(folder, await readKey(keyFile, parseKey));
  } catch (error) {
    const problem = problemOf(keyFile, error);
    const { users, problems } = await loadUsers(folder, null);
    return { users, problems: [problem, ...problems] };
  }
}

/**
 * The same, where the server's own key is known already; null if there is none.
 *
 * @throws {Failure} if the folder is there and cannot be read: it is not taken for empty
 */
export async function loadUsers(folder: string, server: FoundKey | null): Promise<Registry> {
  try {
    return await registryOf(await findUserFiles(folder), server);
  } catch (error) {
    // Only a preview has no right to read it, and can be one of what else is known.
    if (error instanceof C3poError && error.cause !== undefined && !isForbidden(error)) throw error;
    const problem = problemOf(folder, error);
    const { users, problems } = await registryOf([], server);
    return { users, problems: [problem, ...problems] };
  }
}

/** The file of a user. @param name see {@linkcode checkUserName} */
export function userFilePath(folder: string, name: string): string {
  return join(folder, `${name}.toml`);
}

/**
 * Finds the users' files.
 *
 * @returns none if there is no such folder
 * @throws {Failure} if others have access to the folder, or it cannot be read
 */
export async function findUserFiles(folder: string): Promise<FoundFile[]> {
  const names = await namesIn(folder);
  if (names.length === 0) return [];
  await refuseLoose(folder, "0700");
  return await Promise.all(
    // What an editor leaves behind is no user's file.
    names.filter((name) => /^[^.].*\.toml$/.test(name)).map(async (name) => {
      const path = join(folder, name);
      return { path, name: name.replace(/\.toml$/, ""), content: await contentOf(path) };
    }),
  );
}

async function contentOf(path: string): Promise<string | C3poError> {
  try {
    await refuseLoose(path, "0600");
    return await readText(path) ?? new Failure(`"${path}" was removed`);
  } catch (error) {
    if (error instanceof C3poError) return error;
    throw error;
  }
}

/** Refuses what others than its owner may read, write or enter. */
async function refuseLoose(path: string, wanted: string): Promise<void> {
  const mode = await modeOf(path);
  if (mode === null || (mode & 0o077) === 0) return;
  throw new Failure(`others have access: its mode is 0${mode.toString(8).padStart(3, "0")}`, {
    hint: `chmod ${wanted} ${path}, and create new keys if another user may have read them`,
  });
}

/** What is wrong with a file, as its failure says; any other error is thrown on. */
export function problemOf(file: string, error: unknown): Problem {
  if (!(error instanceof C3poError)) throw error;
  const { message, hint } = error;
  return hint === undefined ? { file, message } : { file, message, hint };
}

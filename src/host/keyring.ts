import { basename, dirname, join } from "./path.ts";
import { asSource, Failure } from "../core/errors.ts";
import { type Key, parseKey } from "../core/key.ts";
import { modeOf, namesIn, readText } from "./files.ts";
import { type Host, isRoot, os } from "./host.ts";

/** A key and where it came from. */
export interface FoundKey {
  readonly key: Key;
  /** A path, or the name of the variable that held the key. */
  readonly source: string;
}

/** Where the search for a key begins. */
export interface KeySearch {
  /** What `--key` named. */
  readonly file?: string | undefined;
  /** The host a client asks for, as typed; looked up in the client's folder. */
  readonly name?: string | undefined;
  /** Another name of that host, such as ssh resolves it; asked only if the first has no key. */
  readonly resolve?: (() => Promise<string | null>) | undefined;
}

/** The server's key, and root's. */
export const SERVER_KEY = "/etc/c3po/key";

/**
 * Finds the key: `--key`, `$C3PO_KEY_FILE`, `$C3PO_SECRET`, the host's key and the default key of
 * this user, then as root the server's. The first that is there counts, even if it is damaged:
 * going on to the next would open other ports than the user thinks.
 *
 * @throws {Failure} if there is none, or the first one cannot be used
 */
export async function findKey(search: KeySearch, host: Host): Promise<FoundKey> {
  const named = search.file ?? host.env("C3PO_KEY_FILE");
  if (named !== undefined) return await mustRead(named);
  const secret = host.env("C3PO_SECRET");
  if (secret !== undefined) {
    return { key: asSource("$C3PO_SECRET", () => parseKey(secret)), source: "$C3PO_SECRET" };
  }
  const looked: string[] = [];
  for await (const { path, reading } of places(search, host)) {
    const found = await reading;
    if (found !== null) return found;
    looked.push(path);
  }
  const { name } = search;
  const get = name === undefined
    ? 'make one with "c3po key new"'
    : `get it from the server with "ssh ${name} sudo c3po key show | c3po key add ${name}"`;
  throw new Failure(`no key found${name === undefined ? "" : ` for "${name}"`}`, {
    hint: `${get}, or name one with --key (looked at ${looked.join(", ")})`,
  });
}

/**
 * Reads one key file.
 *
 * @returns null if there is no such file
 * @throws {Failure} if others may read it, or it holds no key
 */
export async function readKey(path: string): Promise<FoundKey | null> {
  const text = await readText(path);
  if (text === null) return null;
  const mode = await modeOf(path);
  if (mode !== null && (mode & 0o077) !== 0) {
    throw new Failure(
      `others may read the key file "${path}": its mode is 0${mode.toString(8)}`,
      { hint: `chmod 600 ${path}, and make a new key if somebody may have read it` },
    );
  }
  return { key: asSource(`key file "${path}"`, () => parseKey(text)), source: path };
}

/**
 * The file a user's key for a host belongs in.
 *
 * @param name a host name or address, or `default`
 * @returns null if the user has no home, or no file can have that name
 */
export function userKeyFile(name: string, host: Host): string | null {
  const home = host.env("XDG_CONFIG_HOME") ?? homeFolder(host);
  // A name with a slash in it would lead out of the folder.
  if (home === undefined || !/^[A-Za-z0-9_:%@][A-Za-z0-9_.:%@-]{0,253}$/.test(name)) return null;
  const file = os === "windows" ? name.replaceAll(":", "_") : name; // where a colon ends the name
  return join(home, "c3po", `${file}.key`);
}

function homeFolder(host: Host): string | undefined {
  if (os === "windows") return host.env("APPDATA");
  const home = host.env("HOME");
  return home === undefined ? undefined : join(home, ".config");
}

/** A file that may hold the key, and what becomes of reading it. */
interface Place {
  readonly path: string;
  readonly reading: Promise<FoundKey | null>;
}

async function* places({ name, resolve }: KeySearch, host: Host): AsyncGenerator<Place> {
  const typed = name === undefined ? null : placeOf(name, host);
  if (typed !== null) yield typed;
  const fallback = placeOf("default", host); // which is read while somebody else resolves the name
  if (name !== undefined && !await isOnlyKey(fallback)) {
    const resolved = await resolve?.();
    const other = resolved && resolved !== name ? placeOf(resolved, host) : null;
    if (other !== null) yield other;
  }
  if (fallback !== null) yield fallback;
  if (isRoot()) yield { path: SERVER_KEY, reading: readKey(SERVER_KEY) };
}

/**
 * Whether a key is the only one in its folder: then no other name has one, and nobody need be asked
 * for it, which would take longer than all else.
 */
async function isOnlyKey(place: Place | null): Promise<boolean> {
  try {
    if (place === null || await place.reading === null) return false;
    const names = await namesIn(dirname(place.path));
    return names.every((name) => name === basename(place.path) || !/\.key$/i.test(name));
  } catch {
    return false; // what is wrong is told when its turn comes
  }
}

function placeOf(name: string, host: Host): Place | null {
  const path = userKeyFile(name, host);
  if (path === null) return null;
  const reading = readKey(path);
  reading.catch(() => {}); // its failure counts only if its turn comes
  return { path, reading };
}

async function mustRead(path: string): Promise<FoundKey> {
  const found = await readKey(path);
  if (found !== null) return found;
  throw new Failure(`no key file "${path}"`, { hint: `make one with: c3po key new ${path}` });
}

import { asSource, Failure } from "../os/errors.ts";
import { namesIn } from "../os/files.ts";
import { type Host, isRoot } from "../os/host.ts";
import { basename, dirname } from "../os/path.ts";
import { readStdin } from "../os/secret.ts";
import type { Key, MasterKey } from "../schedule/key.ts";
import { parseKey, parseKeyOrMaster } from "../schedule/key_text.ts";
import {
  type FoundKey,
  keyFileNamed,
  type Parse,
  readKey,
  SERVER_KEY,
  userKeyFile,
} from "./key_files.ts";
import { receivedKey } from "./received_key.ts";

/** Where the search for a key begins. */
export interface KeySearch {
  /** What `--key` named; `-` is stdin. */
  readonly file?: string | undefined;
  /** The host a client asks for, as typed; looked up in the client's folder. */
  readonly name?: string | undefined;
  /**
   * Another name of that host, such as ssh resolves it; asked only if the first has no key. If it
   * fails, so does the search: the name may have a key of its own, and the default key would open
   * other ports than the host's.
   */
  readonly resolve?: (() => Promise<string | null>) | undefined;
}

/**
 * Finds the key: `--key`, `$C3PO_KEY_FILE`, `$C3PO_SECRET`, the host's key and the default key of
 * this user, then as root, for this machine and no other host, the server's. The first that is there
 * counts, even if it is damaged: going on to the next would open other ports than the user thinks.
 *
 * @throws {Failure} if there is none, or the first one cannot be used
 */
export async function findKey(search: KeySearch, host: Host): Promise<FoundKey> {
  return await find(search, host, parseKey);
}

/** The same, where a master key is of use too: for clients, which derive the key of a host from it. */
export async function findKeyOrMaster(
  search: KeySearch,
  host: Host,
): Promise<FoundKey<Key | MasterKey>> {
  return await find(search, host, parseKeyOrMaster);
}

async function find<K>(search: KeySearch, host: Host, parse: Parse<K>): Promise<FoundKey<K>> {
  if (search.file === "-") return await keyFromStdin(parse);
  const named = search.file ?? host.env("C3PO_KEY_FILE");
  if (named !== undefined) return await mustRead(named, parse);
  const secret = host.env("C3PO_SECRET");
  if (secret !== undefined) {
    return { key: asSource("$C3PO_SECRET", () => parse(secret)), source: "$C3PO_SECRET" };
  }
  const looked: string[] = [];
  for await (const { path, reading } of places(search, host, parse)) {
    const found = await reading;
    if (found !== null) return found;
    looked.push(path);
  }
  const { name } = search;
  throw new Failure(`no key found${name === undefined ? "" : ` for "${name}"`}`, {
    hint:
      `${name === undefined ? 'create one with "c3po key new"' : adviceFor(name)}, or name one ` +
      `with --key (looked in ${looked.join(", ") || "no directory: HOME is not set"})`,
  });
}

function adviceFor(name: string): string {
  return `get it while port 22 still answers, or with "c3po ssh" where the key is: ` +
    `ssh -t ${name} sudo c3po key show | c3po key add ${name}`;
}

/** The key that another program prints into this one: `pass show c3po/web | c3po port --key -`. */
async function keyFromStdin<K>(parse: Parse<K>): Promise<FoundKey<K>> {
  const text = await readStdin({ lenient: true });
  return { key: asSource("the key on stdin", () => receivedKey(text, parse)), source: "stdin" };
}

/** A file that may hold the key, and what becomes of reading it. */
interface Place<K> {
  readonly path: string;
  readonly reading: Promise<FoundKey<K> | null>;
}

async function* places<K>(
  { name, resolve }: KeySearch,
  host: Host,
  parse: Parse<K>,
): AsyncGenerator<Place<K>> {
  if (name !== undefined) {
    const own = placeOf(userKeyFile(name, host), parse);
    if (own !== null) yield own;
    // Version 0.1.0 kept the capitals of a name in the name of the file.
    const typed = placeOf(keyFileNamed(name, host), parse);
    if (typed !== null && typed.path !== own?.path) yield typed;
  }
  // Read while the name is being resolved.
  const fallback = placeOf(userKeyFile("default", host), parse);
  if (name !== undefined && !await isOnlyKey(fallback)) {
    const resolved = await resolve?.();
    const other = resolved && resolved !== name
      ? placeOf(userKeyFile(resolved, host), parse)
      : null;
    if (other !== null) yield other;
  }
  if (fallback !== null) yield fallback;
  // This server's own key leads to no other host: with it five wrong ports would be knocked at there.
  if (isRoot() && name === undefined) {
    yield { path: SERVER_KEY, reading: readKey(SERVER_KEY, parse) };
  }
}

/**
 * Whether a key is the only one in its folder: then no other name has one, and the name need not be resolved
 * for it, which would take longer than all else.
 */
async function isOnlyKey(place: Place<unknown> | null): Promise<boolean> {
  try {
    if (place === null || await place.reading === null) return false;
    const names = await namesIn(dirname(place.path));
    return names.every((name) => name === basename(place.path) || !/\.key$/i.test(name));
  } catch {
    return false; // what is wrong is told when its turn comes
  }
}

function placeOf<K>(path: string | null, parse: Parse<K>): Place<K> | null {
  if (path === null) return null;
  const reading = readKey(path, parse);
  reading.catch(() => {}); // its failure counts only if its turn comes
  return { path, reading };
}

async function mustRead<K>(path: string, parse: Parse<K>): Promise<FoundKey<K>> {
  const found = await readKey(path, parse);
  if (found !== null) return found;
  throw new Failure(`no key file "${path}"`, {
    hint: path === SERVER_KEY
      ? "c3po setup sets this server up step by step; for the key alone: c3po key new"
      : `create one: c3po key new ${path}`,
  });
}

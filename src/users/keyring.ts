import { basename, dirname, join } from "../os/path.ts";
import { asSource, Failure } from "../os/errors.ts";
import {
  formatKey,
  type Key,
  type MasterKey,
  parseKey,
  parseKeyOrMaster,
} from "../schedule/key.ts";
import { modeOf, namesIn, readText } from "../os/files.ts";
import { homeFolder } from "../os/home.ts";
import { type Host, isRoot, os } from "../os/host.ts";
import { randomBytes, readStdin } from "../os/secret.ts";
import { receivedKey } from "./received_key.ts";

/** A key and where it came from. */
export interface FoundKey<K = Key> {
  readonly key: K;
  /** A path, the name of the variable that held the key, or `stdin`. */
  readonly source: string;
  /** How many traps the server sets, as a comment beside the key says. */
  readonly traps?: number;
}

/** Makes a key that nothing else has. */
export function newKey(): Extract<Key, { readonly kind: "random" }> {
  return { kind: "random", bytes: randomBytes(32) };
}

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

/** The server's key, and root's. */
export const SERVER_KEY = "/etc/c3po/key";

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

/** Reads the text of a key file. */
type Parse<K> = (text: string) => K;

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

/** The text of a key file: the key, and what else a client was told of its server. */
export function keyFileText(key: Key, traps?: number): string {
  return `${traps === undefined ? "" : `# traps = ${traps}\n`}${formatKey(key)}\n`;
}

function trapsIn(text: string): number | undefined {
  const [, traps] = /^# traps = (\d{1,5})$/m.exec(text) ?? [];
  return traps === undefined ? undefined : Number(traps);
}

/**
 * Reads one key file.
 *
 * @returns null if there is no such file
 * @throws {Failure} if others may read it, or it holds no key
 */
export async function readKey<K>(path: string, parse: Parse<K>): Promise<FoundKey<K> | null> {
  const text = await readText(path);
  if (text === null) return null;
  const mode = await modeOf(path);
  if (mode !== null && (mode & 0o077) !== 0) {
    throw new Failure(
      `others may read the key file "${path}": its mode is 0${mode.toString(8)}`,
      { hint: `chmod 600 ${path}, and create a new key if another user may have read it` },
    );
  }
  const key = asSource(`key file "${path}"`, () => parse(text));
  const traps = trapsIn(text);
  return { key, source: path, ...traps === undefined ? {} : { traps } };
}

/**
 * The file a user's key for a host belongs in.
 *
 * @param name a host name or address, in any case and with or without a dot at its end, or `default`
 * @returns null if the user has no home, or no file can have that name
 */
export function userKeyFile(name: string, host: Host): string | null {
  // ssh asks its ProxyCommand for the name in lower case.
  return keyFileNamed(name.toLowerCase().replace(/(?<=.)\.$/, ""), host);
}

/** The folder of a user's keys and settings; null if the user has no home. */
export function keyFolder(host: Host): string | null {
  const own = host.env("XDG_CONFIG_HOME");
  if (own !== undefined) return join(own, "c3po");
  const home = os === "windows" ? host.env("APPDATA") : homeFolder(host);
  if (home === undefined) return null;
  return os === "windows" ? join(home, "c3po") : join(home, ".config", "c3po");
}

/** A user's key file, and whose it is. */
export interface KeyFile {
  /** The host it is for, or `default`. */
  readonly host: string;
  readonly file: string;
}

/** This user's key files, sorted by their hosts, whatever is in them. */
export async function keyFiles(host: Host): Promise<KeyFile[]> {
  const folder = keyFolder(host);
  if (folder === null) return [];
  const names = await namesIn(folder);
  return names.filter((name) => name.length > 4 && name.endsWith(".key")).map((name) => ({
    host: name.slice(0, -4).replaceAll("%2f", "/"),
    file: join(folder, name),
  }));
}

function keyFileNamed(name: string, host: Host): string | null {
  const folder = keyFolder(host);
  if (folder === null || !/^[A-Za-z0-9_:%@][A-Za-z0-9_.:%@+/-]{0,253}$/.test(name)) return null;
  // A slash would lead to another folder, and on Windows a colon ends the name.
  const file = name.replaceAll("/", "%2f");
  return join(folder, `${os === "windows" ? file.replaceAll(":", "_") : file}.key`);
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

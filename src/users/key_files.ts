import { asSource, Failure } from "../os/errors.ts";
import { modeOf, namesIn, readText } from "../os/files.ts";
import { homeFolder } from "../os/home.ts";
import { type Host, os } from "../os/host.ts";
import { join } from "../os/path.ts";
import { randomBytes } from "../os/secret.ts";
import type { Key } from "../schedule/key.ts";
import { formatKey } from "../schedule/key_text.ts";

/** A key and where it came from. */
export interface FoundKey<K = Key> {
  readonly key: K;
  /** A path, the name of the variable that held the key, or `stdin`. */
  readonly source: string;
  /** How many traps the server sets, as a comment beside the key says. */
  readonly traps?: number;
}

/** The server's key, and root's. */
export const SERVER_KEY = "/etc/c3po/key";

/** Reads the text of a key file. */
export type Parse<K> = (text: string) => K;

/** Makes a key that nothing else has. */
export function newKey(): Extract<Key, { readonly kind: "random" }> {
  return { kind: "random", bytes: randomBytes(32) };
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

/**
 * The file of a name, just as it is written.
 *
 * @returns null as {@linkcode userKeyFile}
 */
export function keyFileNamed(name: string, host: Host): string | null {
  const folder = keyFolder(host);
  if (folder === null || !/^[A-Za-z0-9_:%@][A-Za-z0-9_.:%@+/-]{0,253}$/.test(name)) return null;
  // A slash would lead to another folder, and on Windows a colon ends the name.
  const file = name.replaceAll("/", "%2f");
  return join(folder, `${os === "windows" ? file.replaceAll(":", "_") : file}.key`);
}

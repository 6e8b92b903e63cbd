import { decodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";
import { Malformed } from "./errors.ts";
import { DEFAULT_RANGE, formatPortRange, parsePortRange, type PortRange } from "./ports.ts";

/** How ports are computed: `c3po-1` by HMAC, `classic` by the plain hash of the 2007 text. */
export type Scheme = "c3po-1" | "classic";

/** What server and client share, as read from a line of text; see {@linkcode parseKey}. */
export type Key =
  | { readonly kind: "random"; readonly bytes: Uint8Array<ArrayBuffer>; readonly range?: PortRange }
  | { readonly kind: "passphrase"; readonly text: string }
  | { readonly kind: "classic"; readonly text: string };

/**
 * A shorter passphrase would be guessed from the ports of a single minute. Counted in bytes of
 * UTF-8, since a character that is not on every keyboard is harder to guess than one that is.
 */
export const SHORTEST_PASSPHRASE = 12;

const RANDOM = "c3po-1-";
const CLASSIC = "classic:";
const KEY_BYTES = 32;

/** The scheme a key is for. */
export function schemeOf(key: Key): Scheme {
  return key.kind === "classic" ? "classic" : "c3po-1";
}

/** The range of ports a key is for. */
export function rangeOf(key: Key): PortRange {
  return (key.kind === "random" ? key.range : undefined) ?? DEFAULT_RANGE;
}

/**
 * Reads the text of a key file: one line that counts; lines that begin with `#` and blank lines are
 * skipped. A line that begins like a random key but is none is refused, because taken as a
 * passphrase a key that lost a character in copying would open other ports than the server's and
 * say nothing.
 *
 * @throws {Malformed} never quoting any of the text
 */
export function parseKey(text: string): Key {
  const lines = text.split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const [line] = lines;
  if (line === undefined) throw new Malformed("the key is empty", NEW_KEY);
  if (lines.length > 1) {
    throw new Malformed(`the key has ${lines.length} lines, it must be one`);
  }
  if (line.startsWith(RANDOM)) return parseRandom(line.slice(RANDOM.length));
  if (line.startsWith(CLASSIC)) {
    const secret = line.slice(CLASSIC.length);
    if (secret === "") throw new Malformed(`nothing follows "${CLASSIC}" in the key`);
    return { kind: "classic", text: secret };
  }
  if (new TextEncoder().encode(line.normalize("NFC")).length < SHORTEST_PASSPHRASE) {
    throw new Malformed(
      `the passphrase is shorter than ${SHORTEST_PASSPHRASE} characters`,
      NEW_KEY,
    );
  }
  return { kind: "passphrase", text: line };
}

/**
 * Writes a random key as {@linkcode parseKey} reads it.
 *
 * @param bytes 32 bytes from a cryptographic source
 */
export function formatRandomKey(bytes: Uint8Array, range?: PortRange): string {
  if (bytes.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes`);
  const ports = range === undefined ? "" : `?ports=${formatPortRange(range)}`;
  return `${RANDOM}${encodeBase64Url(bytes)}${ports}`;
}

/** Writes any key as {@linkcode parseKey} reads it, without a line end. */
export function formatKey(key: Key): string {
  if (key.kind === "random") return formatRandomKey(key.bytes, key.range);
  return key.kind === "classic" ? CLASSIC + key.text : key.text;
}

const NEW_KEY = { hint: "make one with: c3po key new" };

function parseRandom(text: string): Key {
  const [, body, ports] = /^([A-Za-z0-9_-]{43})(?:\?ports=(\d+-\d+))?$/.exec(text) ?? [];
  // The last of the 43 characters carries two bits too many; set, they mean a miscopied key.
  if (body === undefined || !/[AEIMQUYcgkosw048]$/.test(body)) {
    throw new Malformed(
      `the key begins like a random key but is damaged: ${RANDOM} must be followed by 43 characters`,
      { hint: "copy it again from the other end: c3po key show" },
    );
  }
  const bytes: Uint8Array<ArrayBuffer> = decodeBase64Url(body);
  return ports === undefined
    ? { kind: "random", bytes }
    : { kind: "random", bytes, range: parsePortRange(ports) };
}

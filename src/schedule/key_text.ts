import { decodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";
import { Malformed } from "../os/errors.ts";
import type { Key, KeyLine, MasterKey } from "./key.ts";
import { formatPortRange, parsePortRange, type PortRange } from "./ports.ts";

/**
 * A shorter passphrase would be guessed from the ports of a single minute. Counted in bytes of
 * UTF-8, since a character that is not on every keyboard is harder to guess than one that is.
 */
export const SHORTEST_PASSPHRASE = 12;

const RANDOM = "c3po-1-";
const CLASSIC = "classic:";
const KEY_BYTES = 32;
/**
 * What stands behind `c3po-1-` in a line that is no port. They begin like a random key on purpose: a
 * version that does not know them refuses the line as damaged, where it would take any other text
 * for a passphrase.
 */
const OTHER_KINDS = ["master", "member", "admin"] as const;

/**
 * Reads the text of a key file that is to open ports: as {@linkcode parseKeyLine}, but for what is no
 * port.
 *
 * @throws {Malformed} never quoting any of the text
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(parseKey("classic:secret"), { kind: "classic", text: "secret" });
 * assertThrows(() => parseKey(`c3po-1-master-${"A".repeat(43)}`), Error, "opens no port itself");
 * ```
 */
export function parseKey(text: string): Key {
  const key = parseKeyOrMaster(text);
  if (key.kind === "master") {
    throw new Malformed("a master key only derives keys and opens no port itself", {
      hint: "derive the key of this host from it: c3po key derive --user USER --host HOST",
    });
  }
  return key;
}

/**
 * Reads the text of a key file whose key opens ports, or derives keys that do.
 *
 * @throws {Malformed} never quoting any of the text
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseKeyOrMaster(`c3po-1-master-${"A".repeat(43)}`).kind, "master");
 * ```
 */
export function parseKeyOrMaster(text: string): Key | MasterKey {
  const key = parseKeyLine(text);
  if (key.kind === "member" || key.kind === "admin") {
    throw new Malformed(
      `the key is the ${key.kind} key of a fleet: it only signs and opens no port`,
    );
  }
  return key;
}

/**
 * Reads the text of any key file: one line that counts; lines that begin with `#` and blank lines are
 * skipped. A line that begins like a random key but is none is refused, because taken as a
 * passphrase a key that lost a character in copying would open other ports than the server's and
 * say nothing.
 *
 * @throws {Malformed} never quoting any of the text
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(parseKeyLine("# the server's\nclassic:secret\n"), { kind: "classic", text: "secret" });
 * assertEquals(parseKeyLine(`c3po-1-${"A".repeat(43)}`).kind, "random");
 * assertThrows(() => parseKeyLine("too short"), Error, "shorter than 12 characters");
 * ```
 */
export function parseKeyLine(text: string): KeyLine {
  const lines = text.split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const [line] = lines;
  if (line === undefined) throw new Malformed("the key is empty", NEW_KEY);
  if (lines.length > 1) {
    throw new Malformed(`the key has ${lines.length} lines, it must have one`);
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
 * Whether a line says of itself that it is a key, as a passphrase does not.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(["classic:secret", "Last login: Mon"].map(isKeyLine), [true, false]);
 * ```
 */
export function isKeyLine(line: string): boolean {
  return line.startsWith(RANDOM) || line.startsWith(CLASSIC);
}

/**
 * Writes a random key as {@linkcode parseKey} reads it.
 *
 * @param bytes 32 bytes from a cryptographic source
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const text = formatRandomKey(new Uint8Array(32), { low: 20_000, high: 29_999 });
 * assertEquals(text, `c3po-1-${"A".repeat(43)}?ports=20000-29999`);
 * ```
 */
export function formatRandomKey(bytes: Uint8Array, range?: PortRange): string {
  if (bytes.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes`);
  const ports = range === undefined ? "" : `?ports=${formatPortRange(range)}`;
  return `${RANDOM}${encodeBase64Url(bytes)}${ports}`;
}

/**
 * Writes any key as {@linkcode parseKeyLine} reads it, without a line end.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatKey({ kind: "classic", text: "secret" }), "classic:secret");
 * ```
 */
export function formatKey(key: KeyLine): string {
  if (key.kind === "passphrase") return key.text;
  if (key.kind === "classic") return CLASSIC + key.text;
  const line = formatRandomKey(key.bytes, "range" in key ? key.range : undefined);
  return key.kind === "random" ? line : line.replace(RANDOM, `${RANDOM}${key.kind}-`);
}

const NEW_KEY = { hint: "create one: c3po key new" };

function parseRandom(text: string): KeyLine {
  const kind = OTHER_KINDS.find((each) => text.startsWith(`${each}-`));
  const prefix = kind === undefined ? "" : `${kind}-`;
  const [, body, ports] = /^([A-Za-z0-9_-]{43})(?:\?ports=(\d+-\d+))?$/
    .exec(text.slice(prefix.length)) ?? [];
  const isSeed = kind === "member" || kind === "admin";
  // The last of the 43 characters carries two bits too many; set, they mean a miscopied key.
  if (body === undefined || !/[AEIMQUYcgkosw048]$/.test(body) || (isSeed && ports !== undefined)) {
    const begins = `${RANDOM}${prefix}`;
    throw new Malformed(
      `the key begins like a ${kind ?? "random"} key but is damaged: ` +
        `${begins} must be followed by 43 characters`,
      { hint: `copy it again${kind === undefined ? " from the other end: c3po key show" : ""}` },
    );
  }
  const bytes: Uint8Array<ArrayBuffer> = decodeBase64Url(body);
  if (isSeed) return { kind, bytes };
  const key = { kind: kind ?? "random", bytes } as const;
  return ports === undefined ? key : { ...key, range: parsePortRange(ports) };
}

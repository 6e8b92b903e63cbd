import { type Address, parseCidr } from "../os/address.ts";
import { Malformed } from "../os/errors.ts";
import { parseFlatToml, type Setting } from "../os/flat_toml.ts";
import { suggestion } from "../os/suggestion.ts";
import { checkName, type DerivedKey, SSH_SERVICE } from "../schedule/derivation.ts";
import { formatKey, isKeyLine, parseKey } from "../schedule/key_text.ts";
import { minuteStart } from "../schedule/minute.ts";
import { formatMoment, parseMoment } from "../schedule/moment.ts";

/** State of a user's ports: open, canary (a connection is reported), or banning. */
export type UserState = "open" | "canary" | "trap";

/** What the file of a user holds. */
export interface UserFile {
  /** A random key: a passphrase could be guessed from the ports. */
  readonly key: DerivedKey;
  /** The services the user has ports of, at least one, each once. */
  readonly services: readonly string[];
  /** Unix milliseconds; null is never. See {@linkcode isExpired}. */
  readonly expires: number | null;
  /** Networks from which the ports are open; empty is anywhere. */
  readonly from: readonly Address[];
  readonly state: UserState;
}

const STATES: readonly UserState[] = ["open", "canary", "trap"];
/** Every setting that a user's file can have. */
export const USER_SETTINGS = ["key", "services", "expires", "from", "state"] as const;
const NAMES: readonly string[] = USER_SETTINGS;

/**
 * Whether the ports of a user stay shut in a minute: in every one that ends after the expiry.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const expires = Date.parse("1970-01-01T00:02:00Z");
 * assertEquals([1, 2].map((minute) => isExpired({ expires }, minute)), [false, true]);
 * ```
 */
export function isExpired({ expires }: Pick<UserFile, "expires">, minute: number): boolean {
  return expires !== null && minuteStart(minute + 1) > expires;
}

/**
 * Reads the text of `/etc/c3po/users/NAME.toml`:
 *
 * ```toml
 * key = "c3po-1-…"
 * services = ["ssh", "postgres"]     # default ["ssh"]
 * expires = 2027-02-28T00:00:00Z     # or a date alone: 00:00 UTC of that day
 * from = ["198.51.100.0/24"]         # default: anywhere
 * state = "open"                     # open | canary | trap
 * ```
 *
 * @throws {Malformed} for anything else, never quoting the key
 */
export function parseUserFile(text: string): UserFile {
  const settings = parseFlatToml(text);
  for (const name of settings.keys()) {
    if (NAMES.includes(name)) continue;
    const near = suggestion(name, NAMES);
    throw new Malformed(`unknown setting "${name}"`, {
      hint: near === null ? `there are ${NAMES.join(", ")}` : `did you mean ${near}?`,
    });
  }
  const read = <T>(name: string, parse: (setting: Setting) => T, otherwise: T): T => {
    const setting = settings.get(name);
    return setting === undefined ? otherwise : within(name, () => parse(setting));
  };
  const key = read("key", readKey, null);
  if (key === null) throw new Malformed("the key is missing");
  return {
    key,
    services: read("services", readServices, [SSH_SERVICE]),
    expires: read(
      "expires",
      ({ raw }) => parseExpiry(raw.replace(/^"(.*)"$|^'(.*)'$/, "$1$2")),
      null,
    ),
    from: read("from", (setting) => readList(setting).map(parseCidr), []),
    state: read("state", readState, "open"),
  };
}

/** Writes a user's file as {@linkcode parseUserFile} reads it, without what is so by default. */
export function formatUserFile(user: UserFile): string {
  const list = (words: readonly string[]): string =>
    `[${words.map((each) => `"${each}"`).join(", ")}]`;
  const { key, services, expires, from, state } = user;
  const lines = [`key = "${formatKey(key)}"`];
  if (services.join() !== SSH_SERVICE) lines.push(`services = ${list(services)}`);
  if (expires !== null) lines.push(`expires = ${formatMoment(expires)}`);
  if (from.length > 0) lines.push(`from = ${list(from.map(({ text }) => text))}`);
  if (state !== "open") lines.push(`state = "${state}"`);
  return lines.join("\n") + "\n";
}

/**
 * Reads when a user's ports shut for good: a moment as {@linkcode parseMoment} reads it, or a date alone,
 * which is 00:00 UTC of that day.
 *
 * @returns unix milliseconds
 * @throws {Malformed} for anything else, also for a time without a zone and a day that there is not
 */
export function parseExpiry(text: string): number {
  const moment = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text.replace(" ", "T");
  const ms = parseMoment(moment);
  // Some days that there are not, such as 30 February, are read as those after.
  const day = /^\d{4}-\d\d-\d\d/.exec(moment)?.[0];
  if (day !== undefined && formatMoment(Date.parse(`${day}T00:00:00Z`)).slice(0, 10) !== day) {
    throw new Malformed(`"${day}" is not a valid date`);
  }
  return ms;
}

/** Reads the names of services, `ssh` among them or not. */
export function parseServices(names: readonly string[]): readonly string[] {
  if (names.length === 0) throw new Malformed("the list is empty", { hint: 'write ["ssh"]' });
  for (const name of names) if (name !== SSH_SERVICE) checkName("service", name);
  return [...new Set(names)];
}

function readServices(setting: Setting): readonly string[] {
  return parseServices(readList(setting));
}

function readKey({ value }: Setting): DerivedKey {
  if (typeof value !== "string") throw new Malformed("it must be a string");
  const random =
    "users need a random key; only /etc/c3po/key may hold a passphrase or classic secret";
  // Before it is read: a passphrase that is too short would be told to be a better passphrase.
  if (!isKeyLine(value.trim())) throw new Malformed(random);
  const key = parseKey(value);
  if (key.kind !== "random") throw new Malformed(random);
  return key;
}

function readList({ value }: Setting): readonly string[] {
  if (Array.isArray(value) && value.length === 0) throw new Malformed("the list is empty");
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
  throw new Malformed('it must be a list of texts, as in ["a", "b"]');
}

function readState({ value }: Setting): UserState {
  const state = STATES.find((each) => each === value);
  if (state !== undefined) return state;
  throw new Malformed(`"${value}" is not one of ${STATES.join(", ")}`);
}

/** Puts the name of a setting before what is wrong with its value. */
function within<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new Malformed(
      `${name}: ${error.message}`,
      error.hint === undefined ? {} : { hint: error.hint },
    );
  }
}

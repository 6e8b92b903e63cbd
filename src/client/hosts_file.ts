import { join } from "../os/path.ts";
import { asSource, Malformed } from "../os/errors.ts";
import { readText } from "../os/files.ts";
import { parseFlatToml } from "../os/flat_toml.ts";
import type { Host } from "../os/host.ts";
import { suggestion } from "../os/suggestion.ts";
import { checkName } from "../schedule/derivation.ts";
import { parseDoor } from "../schedule/door_address.ts";
import { keyFolder } from "../users/key_files.ts";

/** What the user has noted of a host. */
export interface HostEntry {
  /** The id for which its key is derived from a master key. */
  readonly id?: string;
  /** The IPv6 /64 in which its address moves. */
  readonly door?: string;
}

/** Hosts by the names a user types, in lower case. */
export type Hosts = ReadonlyMap<string, HostEntry>;

const FIELDS = ["id", "door"] as const;

/**
 * Reads the text of a hosts.toml: a line for each name, as in `web1 = "web1.example.org"`, or
 * `web1 = { id = "web1.example.org", door = "2001:db8:0:aa::/64" }`.
 *
 * @throws {Malformed} for anything else
 */
export function parseHosts(text: string): Hosts {
  const hosts = new Map<string, HostEntry>();
  for (const [name, { value }] of parseFlatToml(text, { inlineTables: true })) {
    const key = name.toLowerCase();
    if (hosts.has(key)) throw new Malformed(`"${name}" appears twice`);
    const entry = typeof value === "string" ? { id: value } : entryOf(name, value);
    if (entry.id !== undefined) checkName("host", entry.id);
    hosts.set(key, entry.door === undefined ? entry : { ...entry, door: parseDoor(entry.door) });
  }
  return hosts;
}

/**
 * What this user has noted of hosts, in hosts.toml beside the keys.
 *
 * @returns an empty map if there is no such file
 * @throws {Failure} if it cannot be read or understood
 */
export async function readHosts(host: Host): Promise<Hosts> {
  const folder = keyFolder(host);
  const path = folder === null ? null : join(folder, "hosts.toml");
  const text = path === null ? null : await readText(path);
  return text === null ? new Map() : asSource(`"${path}"`, () => parseHosts(text));
}

function entryOf(name: string, value: unknown): HostEntry {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Malformed(`the id of "${name}" must be a string`);
  }
  const entry: { [Field in (typeof FIELDS)[number]]?: string } = {};
  for (const [field, text] of Object.entries(value)) {
    const known = FIELDS.find((each) => each === field);
    if (known === undefined) {
      const near = suggestion(field, FIELDS);
      const hint = near === null ? `a host has ${FIELDS.join(" and ")}` : `did you mean ${near}?`;
      throw new Malformed(`unknown setting "${field}" of "${name}"`, { hint });
    }
    if (typeof text !== "string") throw new Malformed(`the ${field} of "${name}" must be a string`);
    entry[known] = text;
  }
  return entry;
}

/// <reference lib="dom" />
import { fingerprint } from "../schedule/fingerprint.ts";
import { deriveKey, hostIdOf } from "../schedule/derivation.ts";
import { type Key, type MasterKey, rangeOf } from "../schedule/key.ts";
import { formatKey, formatRandomKey, parseKey, parseKeyOrMaster } from "../schedule/key_text.ts";
import { Malformed } from "../os/errors.ts";
import type { Target } from "./target.ts";
import { formatPortRange } from "../schedule/ports.ts";
import { Schedule, secretOf } from "../schedule/schedule.ts";

/** A host of this page, as the browser keeps it. */
export interface SavedHost {
  /** What it is called here; no two have the same. */
  readonly name: string;
  /** `user@host` or `host` for the link, or empty. */
  readonly target: string;
  /** A key line. Of a passphrase only what it was stretched to: the words are nowhere. */
  readonly key: string;
  /** What the line was made from; one that was derived from a master key is a random key. */
  readonly kind: Key["kind"];
}

/** What may be shown of a key. */
export interface KeyNote {
  readonly kind: (Key | MasterKey)["kind"];
  /** The range, `LO-HI`. */
  readonly ports: string;
  /** Null where it would help to guess. */
  readonly fingerprint: string | null;
}

/**
 * Describes a key line while it is typed.
 *
 * @throws {Malformed} if it is none
 */
export async function noteOf(line: string): Promise<KeyNote> {
  const key = parseKeyOrMaster(line);
  return {
    kind: key.kind,
    ports: formatPortRange(rangeOf(key)),
    fingerprint: await fingerprint(key),
  };
}

/** The same of a host that is kept: a stretched passphrase still is a passphrase. */
export async function noteOfHost({ key, kind }: SavedHost): Promise<KeyNote> {
  const note = await noteOf(key);
  return kind === "passphrase" ? { ...note, kind, fingerprint: null } : note;
}

/**
 * Turns a key line into the one that is kept, which is never more than the host needs: of a master key
 * the key that is derived for it. A passphrase is stretched here, which takes about a second on a
 * phone.
 *
 * @param target the host of the key, null if unknown
 * @throws {Malformed} if it is no key, or a master key and no host
 */
export async function keptKey(
  line: string,
  target: Target | null,
): Promise<Pick<SavedHost, "key" | "kind">> {
  const key = parseKeyOrMaster(line);
  if (key.kind === "passphrase") {
    return { kind: key.kind, key: formatRandomKey(await secretOf(key)) };
  }
  if (key.kind !== "master") return { kind: key.kind, key: formatKey(key) };
  if (target === null) throw new Malformed("a master key has a key for each host: say which host");
  const derived = await deriveKey(key, { host: hostIdOf(target.host) });
  return { kind: derived.kind, key: formatKey(derived) };
}

/** The ports of a host. */
export async function scheduleOf(host: SavedHost): Promise<Schedule> {
  return await Schedule.of(parseKey(host.key));
}

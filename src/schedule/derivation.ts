import { Malformed } from "../os/errors.ts";
import type { Key, MasterKey } from "./key.ts";
import { secretOf } from "./schedule.ts";

/** What a key is derived for. */
export type DerivationKind = "user" | "host" | "service" | "member" | "admin";

/** The way from a parent to a key: its steps are taken in the order user, host, service. */
export interface DerivationPath {
  readonly user?: string | undefined;
  readonly host?: string | undefined;
  readonly service?: string | undefined;
}

/** A key that has been derived: an ordinary random key. */
export type DerivedKey = Extract<Key, { kind: "random" }>;

/** The service whose key is the host's own, so that it is never derived. */
export const SSH_SERVICE = "ssh";

interface Grammar {
  readonly form: RegExp;
  /** What the name is refused to be, in a message. */
  readonly what: string;
  readonly hint: string;
}

const HOST: Grammar = {
  form: /^[a-z0-9_:](?:[a-z0-9._:~-]{0,251}[a-z0-9_:~-])?$/,
  what: "host id",
  hint: "write it in lower case without a dot at the end, or as an address, as in 2001:db8::7",
};

const GRAMMAR: Readonly<Record<DerivationKind, Grammar>> = {
  user: {
    form: /^[a-z0-9][a-z0-9._@-]{0,63}$/,
    what: "user name",
    hint: "1 to 64 of a-z 0-9 . _ @ -, a letter or digit first",
  },
  host: HOST,
  service: {
    form: /^(?!ssh$)[a-z][a-z0-9-]{0,14}$/,
    what: "service with a key of its own",
    hint: "1 to 15 of a-z 0-9 -, a letter first; the key of ssh is the key of the host",
  },
  member: HOST,
  admin: { form: /^1$/, what: "number of an admin key", hint: "there is one, 1" },
};

const UTF8 = new TextEncoder();

/**
 * One step of derivation:
 * HMAC-SHA-256(K, "c3po-1" 0x01 kind 0x00 name 0x01), which is HKDF-Expand of RFC 5869 section 2.3
 * with PRK = K, info = "c3po-1" 0x01 kind 0x00 name, L = 32. It cannot be undone: a key tells nothing
 * of its parent, and nothing of its siblings.
 *
 * @param secret the 32 bytes K of the parent
 * @param name see {@linkcode checkName}
 * @returns 32 bytes
 * @throws {Malformed} if nothing can have that name
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const secret = Uint8Array.from({ length: 32 }, (_, i) => i);
 * const alice = await derive(secret, "user", "alice");
 * assertEquals(alice.slice(0, 4), new Uint8Array([0x65, 0xdb, 0xfd, 0xc5]));
 * ```
 */
export async function derive(
  secret: Uint8Array<ArrayBuffer>,
  kind: DerivationKind,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  checkName(kind, name);
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret, hmac, false, ["sign"]);
  const message = UTF8.encode(`c3po-1\x01${kind}\0${name}\x01`);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, message));
}

/**
 * Derives a key step by step. The range of ports that travels with the parent travels on.
 *
 * @param path at least one step; a service follows a host unless the parent is the key of one
 * @throws {Malformed} for a name that cannot be, a step left out, and a parent that derives nothing
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatRandomKey } from "./key_text.ts";
 *
 * const bytes = Uint8Array.from({ length: 32 }, (_, i) => i);
 * const key = await deriveKey({ kind: "master", bytes }, { user: "alice", host: "web1.example.org" });
 * assertEquals(formatRandomKey(key.bytes), "c3po-1-MHPLKS3YtfvIv5A92tsqiq-CIx4LHiLHY2XoK6i5qj0");
 * ```
 */
export async function deriveKey(
  parent: Key | MasterKey,
  path: DerivationPath,
): Promise<DerivedKey> {
  checkPath(parent, path);
  if (parent.kind === "classic") {
    throw new Malformed('no key can be derived from a "classic:" secret', {
      hint: "create a random key: c3po key new",
    });
  }
  let bytes = await secretOf(parent);
  for (const kind of ["user", "host", "service"] as const) {
    const name = path[kind];
    if (name !== undefined) bytes = await derive(bytes, kind, name);
  }
  const range = "range" in parent ? parent.range : undefined;
  return range === undefined ? { kind: "random", bytes } : { kind: "random", bytes, range };
}

/**
 * Refuses what {@linkcode deriveKey} does not derive.
 *
 * @throws {Malformed} for a name that cannot be, and a step left out
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 *
 * const master = { kind: "master", bytes: new Uint8Array(32) } as const;
 * assertThrows(() => checkPath(master, { service: "postgres" }), Error, "comes from the key of a host");
 * ```
 */
export function checkPath(parent: Key | MasterKey, path: DerivationPath): void {
  const { user, host, service } = path;
  if (user !== undefined) checkName("user", user);
  if (host !== undefined) checkName("host", host);
  if (service !== undefined) checkName("service", service);
  if (
    service !== undefined && host === undefined && (user !== undefined || parent.kind === "master")
  ) {
    throw new Malformed(`the key of service "${service}" comes from the key of a host`, {
      hint: "the order is user, host, service: name the host too",
    });
  }
}

/**
 * Refuses a name that no key is derived for. One name has one spelling, for another spelling would be
 * another key.
 *
 * @throws {Malformed} quoting it
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 *
 * checkName("user", "alice");
 * assertThrows(() => checkName("host", "Web1"), Error, '"Web1" is not a valid host id');
 * ```
 */
export function checkName(kind: DerivationKind, name: string): void {
  const grammar = GRAMMAR[kind];
  const { form, what, hint } = grammar;
  const canonical = grammar === HOST ? canonicalAddress(name) : null;
  if (form.test(name) && (canonical === null || canonical === name)) return;
  throw new Malformed(`"${name}" is not a valid ${what}`, {
    hint: canonical ? `the address is written ${canonical}` : hint,
  });
}

/**
 * The id of a host from a name that ssh resolved or the user typed: lower case, without the dot at the
 * end, an address in its one spelling. It may still be no host id; see {@linkcode checkName}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(["Web1.Example.org.", "2001:DB8::7"].map(hostIdOf), ["web1.example.org", "2001:db8::7"]);
 * ```
 */
export function hostIdOf(name: string): string {
  const lower = name.toLowerCase().replace(/\.$/, "");
  return canonicalAddress(lower) || lower;
}

/**
 * How an IPv6 address is written (RFC 5952), by the engine's own parser of URLs: a login, which may
 * need it, is spared the library for addresses.
 *
 * @returns empty if it is none
 */
function canonicalIPv6(text: string): string {
  const url = `http://[${text}]`;
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !URL.canParse(url)) return "";
  const address = new URL(url).hostname.slice(1, -1);
  // An IPv4 address in IPv6 clothing is that IPv4 address.
  const [, high, low] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(address) ?? [];
  if (high === undefined || low === undefined) return address;
  const words = [high, low].map((word) => parseInt(word, 16));
  return words.flatMap((word) => [word >> 8, word & 0xff]).join(".");
}

/**
 * How an address is written, with the `~2` that may stand behind the name of a host that was built
 * anew.
 *
 * @returns null for a name, empty for what looks like an address and is none
 */
function canonicalAddress(id: string): string | null {
  const [, body, rest] = /^([^~]*)(.*)$/s.exec(id)!;
  if (body!.includes(":")) {
    const address = canonicalIPv6(body!);
    return address === "" ? "" : address + rest;
  }
  if (!/^\d+(\.\d+){3}$/.test(body!)) return null;
  const isAddress = body!.split(".").every((part) => part === String(Number(part)) && +part < 256);
  return isAddress ? id : "";
}

import { DEFAULT_RANGE, type PortRange } from "./ports.ts";

/** How ports are computed: `c3po-1` by HMAC, `classic` by the plain hash of the 2007 text. */
export type Scheme = "c3po-1" | "classic";

/** What server and client share, as read from a line of text; see key_text.ts. */
export type Key =
  | { readonly kind: "random"; readonly bytes: Uint8Array<ArrayBuffer>; readonly range?: PortRange }
  | { readonly kind: "passphrase"; readonly text: string }
  | { readonly kind: "classic"; readonly text: string };

/**
 * A key that others are derived from (see derivation.ts) and that is never itself a port: of a fleet,
 * or of one of its users.
 */
export interface MasterKey {
  readonly kind: "master";
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The range that every key derived from it has. */
  readonly range?: PortRange;
}

/** The seed of an Ed25519 key, by which a member of a fleet or its administrator signs. */
export type SeedKey =
  | { readonly kind: "member"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "admin"; readonly bytes: Uint8Array<ArrayBuffer> };

/** Whatever one line of a key file may hold. */
export type KeyLine = Key | MasterKey | SeedKey;

/**
 * The scheme a key is for.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(schemeOf({ kind: "classic", text: "secret" }), "classic");
 * ```
 */
export function schemeOf(key: Key | MasterKey): Scheme {
  return key.kind === "classic" ? "classic" : "c3po-1";
}

/**
 * The range of ports a key is for.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const key = { kind: "passphrase", text: "a passphrase of five words" } as const;
 * assertEquals(rangeOf(key), { low: 1024, high: 65535 });
 * ```
 */
export function rangeOf(key: Key | MasterKey): PortRange {
  return ("range" in key ? key.range : undefined) ?? DEFAULT_RANGE;
}

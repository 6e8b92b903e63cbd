import { encodeHex } from "@std/encoding/hex";
import type { KeyLine } from "./key.ts";

const LABEL = new TextEncoder().encode("c3po-fingerprint");
const SHOWN_BYTES = 4;

/**
 * A short name for a key, so that two ends can be compared without showing it: the first 8 hex
 * digits of HMAC-SHA-256(K, "c3po-fingerprint").
 *
 * @returns null for a passphrase or a classic secret: there it would let anyone who sees it check
 * guesses at leisure, and fingerprints are pasted into tickets
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await fingerprint({ kind: "random", bytes: new Uint8Array(32) }), "b76446d6");
 * assertEquals(await fingerprint({ kind: "classic", text: "secret" }), null);
 * ```
 */
export async function fingerprint(key: KeyLine): Promise<string | null> {
  if (!("bytes" in key)) return null;
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const secret = await crypto.subtle.importKey("raw", key.bytes, hmac, false, ["sign"]);
  const digest = new Uint8Array(await crypto.subtle.sign("HMAC", secret, LABEL));
  return encodeHex(digest.subarray(0, SHOWN_BYTES));
}

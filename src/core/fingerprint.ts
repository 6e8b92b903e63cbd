import { encodeHex } from "@std/encoding/hex";
import type { Key } from "./key.ts";

const LABEL = new TextEncoder().encode("c3po-fingerprint");
const SHOWN_BYTES = 4;

/**
 * A short name for a key, so that two ends can be compared without showing it: the first 8 hex
 * digits of HMAC-SHA-256(K, "c3po-fingerprint").
 *
 * @returns null for a passphrase or a classic secret: there it would let whoever sees it check
 * guesses at leisure, and fingerprints are pasted into tickets
 */
export async function fingerprint(key: Key): Promise<string | null> {
  if (key.kind !== "random") return null;
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const secret = await crypto.subtle.importKey("raw", key.bytes, hmac, false, ["sign"]);
  const digest = new Uint8Array(await crypto.subtle.sign("HMAC", secret, LABEL));
  return encodeHex(digest.subarray(0, SHOWN_BYTES));
}

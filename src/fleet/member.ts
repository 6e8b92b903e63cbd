/** What stands before the 32 bytes of a seed in PKCS #8 (RFC 8410, section 7). */
const PKCS8_HEAD = [
  ...[0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06],
  ...[0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20],
];

/**
 * The Ed25519 private key of a member of a fleet, or of its administrator.
 *
 * @param seed 32 bytes, as derived for `member` or `admin`
 * @param isShown whether the key can be read out again
 */
export async function privateKeyOf(seed: Uint8Array, isShown = false): Promise<CryptoKey> {
  const pkcs8 = new Uint8Array([...PKCS8_HEAD, ...seed]);
  return await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", isShown, ["sign"]);
}

/**
 * The Ed25519 public key of a member of a fleet, or of its administrator.
 *
 * @param seed 32 bytes, as derived for `member` or `admin`
 * @returns 43 characters of base64url
 */
export async function publicKeyOf(seed: Uint8Array): Promise<string> {
  const { x } = await crypto.subtle.exportKey("jwk", await privateKeyOf(seed, true));
  if (x === undefined) throw new TypeError("an Ed25519 key has no public half");
  return x;
}

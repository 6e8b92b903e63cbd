import { decodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";
import { Malformed } from "../os/errors.ts";
import { type FleetLine, formatUnsigned, type Unsigned } from "./line.ts";
import { privateKeyOf } from "./member.ts";

/** A public key by which lines are verified. */
export type PublicKey = CryptoKey;

const UTF8 = new TextEncoder();

/**
 * Reads a public key.
 *
 * @param text 43 characters of base64url
 * @throws {Malformed} if it is none
 */
export async function readPublicKey(text: string): Promise<PublicKey> {
  // The last of the 43 characters carries two bits too many; set, they mean a miscopied key.
  if (!/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(text)) {
    throw new Malformed(`"${text}" is not a public key`, {
      hint: "it has 43 characters; copy the file of members again",
    });
  }
  return await crypto.subtle.importKey("raw", decodeBase64Url(text), "Ed25519", false, ["verify"]);
}

/** Signs the lines of one member. */
export class Signer {
  readonly #key: CryptoKey;

  private constructor(key: CryptoKey) {
    this.#key = key;
  }

  /** @param seed 32 bytes, as derived for `member` or `admin` */
  static async of(seed: Uint8Array): Promise<Signer> {
    return new Signer(await privateKeyOf(seed));
  }

  /** The line as it is published. */
  async sign(unsigned: Unsigned): Promise<string> {
    const text = formatUnsigned(unsigned);
    const signature = await crypto.subtle.sign("Ed25519", this.#key, UTF8.encode(text));
    return `${text} ${encodeBase64Url(signature)}`;
  }
}

/** Whether a line was signed by the owner of a key. */
export async function isSignedBy(
  { signed, signature }: FleetLine,
  key: PublicKey,
): Promise<boolean> {
  return await crypto.subtle.verify("Ed25519", key, signature, UTF8.encode(signed));
}

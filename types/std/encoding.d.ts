/** What `@std/encoding` exports, as far as it is used. */
declare module "@std/encoding/base64url" {
  /** RFC 4648, section 5, without padding; of a text its UTF-8 bytes. */
  export function encodeBase64Url(data: ArrayBuffer | Uint8Array | string): string;

  /** @throws {TypeError} for a text that is not base64url */
  export function decodeBase64Url(b64url: string): Uint8Array<ArrayBuffer>;
}

declare module "@std/encoding/hex" {
  /** Two lower-case digits a byte; of a text its UTF-8 bytes. */
  export function encodeHex(src: string | Uint8Array | ArrayBuffer): string;
}

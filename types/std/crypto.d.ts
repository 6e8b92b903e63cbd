/** What `@std/crypto` exports, as far as it is used. */
declare module "@std/crypto/timing-safe-equal" {
  /**
   * Whether two buffers hold the same bytes, in a time that does not tell where they differ.
   *
   * @throws {TypeError} if they are of different length
   */
  export function timingSafeEqual(
    a: ArrayBufferView | ArrayBufferLike,
    b: ArrayBufferView | ArrayBufferLike,
  ): boolean;
}

/** What `@std/text` exports, as far as it is used. */
declare module "@std/text/closest-string" {
  export interface ClosestStringOptions {
    /** Whether `a` and `A` differ; false unless told otherwise. */
    caseSensitive?: boolean;
    /** The distance between two words, by default Levenshtein's. */
    compareFn?: (a: string, b: string) => number;
  }

  /**
   * The word most like the given one.
   *
   * @throws {TypeError} if there are no words
   */
  export function closestString(
    givenWord: string,
    possibleWords: readonly string[],
    options?: ClosestStringOptions,
  ): string;
}

/**
 * A command as a POSIX shell reads it back: words that need it in single quotes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(shellCommand(["ssh", "web", "echo it's"]), "ssh web 'echo it'\\''s'");
 * ```
 */
export function shellCommand(words: readonly string[]): string {
  return words.map((word) =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
  ).join(" ");
}

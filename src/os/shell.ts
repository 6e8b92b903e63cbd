import { visible } from "./printable.ts";

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

/**
 * The same for a person to read: a word with what a terminal would not show as it is stands there in octal,
 * behind the dollar sign of POSIX.1-2024.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(shownCommand(["ssh", "web", "it's"]), "ssh web 'it'\\''s'");
 * assertEquals(shownCommand(["ssh", "it's \u202e"]), "ssh $'it\\047s \\342\\200\\256'");
 * ```
 */
export function shownCommand(words: readonly string[]): string {
  return words.map((word) =>
    visible(word) === word ? shellCommand([word]) : `$'${word.replace(/[^ -~]|['\\]/gu, octal)}'`
  ).join(" ");
}

function octal(sign: string): string {
  const bytes = [...new TextEncoder().encode(sign)];
  return bytes.map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}

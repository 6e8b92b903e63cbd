/**
 * What a stranger said, made fit for a terminal: one line of visible ASCII, without anything that
 * could move the cursor or hide what stands before it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(printable("SSH-2.0-\u001b[2JOpenSSH\r\n"), "SSH-2.0-[2JOpenSSH");
 * ```
 */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "").trim();
}

/**
 * A text for a terminal or a log, in which a name from outside may stand. What could move the cursor, turn
 * the text around, hide in it or begin a line stands there by its number instead, as JSON would write it: JSON
 * stays the same data. Line ends and tabs are ours.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(visible("a\u115fb"), "a\\u115fb"); // a letter that nobody sees
 * assertEquals(visible("caf\u00e9 \u202egnp.exe\u001b[2J\n"), "caf\u00e9 \\u202egnp.exe\\u001b[2J\n");
 * ```
 */
export function visible(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(
    /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}]/gu,
    (sign) => Array.from({ length: sign.length }, (_, i) => numbered(sign.charCodeAt(i))).join(""),
  );
}

function numbered(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}

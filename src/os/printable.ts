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

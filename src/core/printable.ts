/**
 * What a stranger said, made fit for a terminal: one line of visible ASCII, without anything that
 * could move the cursor or hide what stands before it.
 */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "").trim();
}

/** A command as a POSIX shell reads it back: words that need it in single quotes. */
export function shellCommand(words: readonly string[]): string {
  return words.map((word) =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
  ).join(" ");
}

/*
 * Manual pages for troff with the macros of man(7). Text is escaped here and nowhere else.
 */

/** What a manual lists: a term and its meaning. */
export type Entry = readonly [term: string, text: string];

/** The heading of a section. */
export function section(title: string): string {
  return `.SH ${title}`;
}

/** A paragraph. */
export function paragraph(text: string): string[] {
  return [".PP", escaped(text)];
}

/** A list of terms, each with its meaning. */
export function entries(list: readonly Entry[]): string[] {
  return list.flatMap(([term, text]) => [".TP", `.B ${escaped(term)}`, escaped(text)]);
}

/** Lines that are shown as they are, indented. */
export function listing(lines: readonly string[]): string[] {
  return [".PP", ".RS", ".nf", ...lines.map(escaped), ".fi", ".RE"];
}

/**
 * Text as troff prints it unchanged: `-` is not a hyphen, `"` quotes no argument of a macro, a line must
 * not begin like a request, and what is not ASCII goes by its code point.
 */
export function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll('"', "\\(dq")
    .replace(/^(?=[.'])/, "\\&")
    .replace(/[^\x20-\x7e]/gu, (sign) => `\\[u${hex(sign.codePointAt(0)!)}]`);
}

function hex(codePoint: number): string {
  return codePoint.toString(16).toUpperCase().padStart(4, "0");
}

import { bold, brightRed, cyan, dim, green, red, yellow } from "@std/fmt/colors";
import { visible } from "./printable.ts";

/** What a piece of text is, which decides how it looks. */
export type Ink = "plain" | "title" | "faint" | "ssh" | "trap" | "bar" | "good" | "warn" | "bad";

/** A piece of text without control characters. */
export interface Span {
  readonly text: string;
  readonly ink: Ink;
}

/** A line of a frame. */
export type Line = readonly Span[];

const INKS: Readonly<Record<Ink, (text: string) => string>> = {
  plain: (text) => text,
  title: bold,
  faint: dim,
  ssh: (text) => bold(green(text)),
  trap: red,
  bar: cyan,
  good: green,
  warn: yellow,
  bad: (text) => bold(brightRed(text)),
};

/** A piece of text. */
export function span(text: string, ink: Ink = "plain"): Span {
  return { text: visible(text).replaceAll("\n", " "), ink };
}

/** How many columns a line takes. All our texts are ASCII, or signs that take one column each. */
export function widthOf(line: Line): number {
  return line.reduce((width, { text }) => width + [...text].length, 0);
}

/** A line of exactly so many columns: cut, or filled with blanks. */
export function fit(line: Line, columns: number): Line {
  const spans: Span[] = [];
  let left = columns;
  for (const { text, ink } of line) {
    const cut = [...text].slice(0, left).join("");
    if (cut !== "") spans.push({ text: cut, ink });
    left -= [...cut].length;
  }
  return left === 0 ? spans : [...spans, span(" ".repeat(left))];
}

/** Two lines on one, the second at the right end of so many columns. */
export function apart(left: Line, right: Line, columns: number): Line {
  const room = columns - widthOf(right);
  return room <= widthOf(left) ? left : [...fit(left, room), ...right];
}

/** A line as a terminal shows it, or as plain text. */
export function paint(line: Line, colour: boolean): string {
  return line.map(({ text, ink }) => colour ? INKS[ink](text) : text).join("");
}

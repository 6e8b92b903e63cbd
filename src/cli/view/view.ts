import { fit, type Line, paint } from "../../os/ink.ts";
import type { Size } from "./status_frame.ts";

/** Something that is shown on a whole terminal and listens to keys. Neither touches the terminal. */
export interface View {
  /** What to show: as many lines as there are rows, none wider than there are columns. */
  render(size: Size): Line[];
  /** @param key a character, or `up`, `down`, `home`, `escape`, `ctrl-c` */
  onKey(key: string): "go on" | "quit";
}

const NAMED: Readonly<Record<string, string>> = {
  "\x1b[A": "up",
  "\x1bOA": "up",
  "\x1b[B": "down",
  "\x1bOB": "down",
  "\x1b[H": "home",
  "\x1bOH": "home",
  "\x1b[1~": "home",
  "\x1b": "escape",
  "\x03": "ctrl-c",
};

/** The keys in what a terminal in raw mode sends. Sequences that mean nothing here are left out. */
export function keysIn(input: string): string[] {
  // deno-lint-ignore no-control-regex
  return (input.match(/\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Z]|[^]/g) ?? []).flatMap((sequence) =>
    NAMED[sequence] ?? (/^[\x20-\x7e]$/.test(sequence) ? sequence : [])
  );
}

/**
 * A frame as one text for the terminal, from its upper left corner on. Its lines cover what was there,
 * so nothing is erased, and the terminal is asked to show it all at once: so nothing flickers.
 */
export function frameText(frame: readonly Line[], { columns }: Size, colour: boolean): string {
  const body = frame.map((line) => paint(fit(line, columns), colour)).join("\r\n");
  return `\x1b[?2026h\x1b[H${body}\x1b[?2026l`;
}

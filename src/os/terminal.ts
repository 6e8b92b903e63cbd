import type { C3poError } from "./errors.ts";
import { visible } from "./printable.ts";

/**
 * Where a command's words go: answers to stdout, everything else to stderr. Words may quote what somebody
 * else has chosen, so they are made visible here, where all of them pass.
 */
export interface Terminal {
  /** Writes an answer, or a part of one. */
  out(text: string): void;
  /** Writes an answer exactly as given: a key, a file, or a drawing with colours. */
  raw(text: string): void;
  /** Tells the user something: a line on stderr. */
  note(line: string): void;
  /** Passes on what another program tells the user, exactly as given, on stderr. */
  pass(text: string): void;
  /** Whether stdout is a terminal. */
  readonly interactive: boolean;
}

/** Tells the user of an error, in the one voice for errors. */
export function report(error: C3poError, terminal: Terminal): void {
  terminal.note(`c3po: error: ${error.message}`);
  if (error.hint !== undefined) terminal.note(`c3po: hint: ${error.hint}`);
}

const UTF8 = new TextEncoder();

/** The terminal this process was started on. */
export const systemTerminal: Terminal = {
  out: (text) => write(Deno.stdout, visible(text)),
  raw: (text) => write(Deno.stdout, text),
  note: (line) => write(Deno.stderr, visible(line) + "\n"),
  pass: (text) => write(Deno.stderr, text),
  get interactive() {
    return Deno.stdout.isTerminal();
  },
};

function write(file: typeof Deno.stdout | typeof Deno.stderr, text: string): void {
  let rest = UTF8.encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(file.writeSync(rest));
  } catch (error) {
    // The reader of our output has closed the pipe (`c3po port --all | head -1`).
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0);
    throw error;
  }
}

/** Whether stdin is a terminal. */
export function stdinIsTerminal(): boolean {
  return Deno.stdin.isTerminal();
}

/** Whether what we print may be coloured: stdout is a terminal, and `NO_COLOR` is not set. */
export function hasColour(): boolean {
  return Deno.stdout.isTerminal() && !Deno.noColor;
}

/** How many columns the terminal has; 80 if stdout is none. */
export function columnsHere(): number {
  return sizeHere().columns;
}

/** How large the terminal is; 80 by 24 if stdout is none. */
export function sizeHere(): { readonly columns: number; readonly rows: number } {
  try {
    const { columns, rows } = Deno.consoleSize();
    return { columns: columns || 80, rows: rows || 24 };
  } catch {
    return { columns: 80, rows: 24 };
  }
}

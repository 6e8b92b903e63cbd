import { Failure } from "./errors.ts";

/** Longer than any line that could be a key. */
const LONGEST = 65_536;

/** Random bytes from the system's cryptographic source. */
export function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(count));
}

/** A number from 0 to below 1, any as likely as another. */
export function randomFraction(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32;
}

/** Whether stdin and stdout are a terminal, so that the user can be asked. */
export function canAsk(): boolean {
  return Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
}

/**
 * Reads a secret from the terminal, without echo, or from stdin.
 *
 * @param question what to ask
 * @throws {Failure} if there is no terminal to ask on, or the input is not text or far too long
 */
export async function readSecret(question: string): Promise<string> {
  if (canAsk()) {
    // Only now, because it is slow to load (see path.ts).
    const { promptSecret } = await import("@std/cli/prompt-secret");
    return promptSecret(question, { mask: "" }) ?? "";
  }
  return await readStdin();
}

/**
 * What is piped in, if anything is; bytes that are no UTF-8 are let pass.
 *
 * @returns null if stdin is a terminal, or has nothing but blanks
 * @throws {Failure} if it is far too long to be a key
 */
export async function readPiped(): Promise<string | null> {
  if (Deno.stdin.isTerminal()) return null;
  const text = await readStdin({ lenient: true });
  return text.trim() === "" ? null : text;
}

/** How stdin is read. */
export interface StdinOptions {
  /** Gets the text as it comes, for what must be answered before the end. */
  readonly hear?: (text: string) => void;
  /** Whether bytes that are no UTF-8 are let pass, as U+FFFD. */
  readonly lenient?: boolean;
}

/**
 * Reads stdin to its end.
 *
 * @throws {Failure} if stdin is a terminal, or what comes is no text or far too long
 */
export async function readStdin({ hear, lenient = false }: StdinOptions = {}): Promise<string> {
  if (Deno.stdin.isTerminal()) {
    throw new Failure("cannot ask for a secret: stdout is not a terminal", {
      hint: "pipe the secret in, or do not redirect stdout",
    });
  }
  const decoder = new TextDecoder("utf-8", { fatal: !lenient });
  let text = "";
  let size = 0;
  try {
    for await (const chunk of Deno.stdin.readable) {
      size += chunk.length;
      if (size > LONGEST) throw new Failure("the input on stdin is too long for a key");
      const part = decoder.decode(chunk, { stream: true });
      hear?.(part);
      text += part;
    }
    return text + decoder.decode();
  } catch (error) {
    if (error instanceof TypeError) throw new Failure("the input on stdin is not text");
    throw error;
  }
}

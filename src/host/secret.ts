import { Failure } from "../core/errors.ts";

/** Longer than any line that could be a key. */
const LONGEST = 65_536;

/** Random bytes from the system's cryptographic source. */
export function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(count));
}

/** Whether somebody sits at both ends of this process and can be asked. */
export function canAsk(): boolean {
  return Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
}

/**
 * Takes a secret from whoever sits at the terminal, without showing it, or from stdin.
 *
 * @param question what to ask
 * @throws {Failure} if nobody can be asked, or what comes is no text or far too long
 */
export async function readSecret(question: string): Promise<string> {
  if (canAsk()) {
    // Only now, because it is slow to load (see path.ts).
    const { promptSecret } = await import("@std/cli/prompt-secret");
    return promptSecret(question, { mask: "" }) ?? "";
  }
  if (Deno.stdin.isTerminal()) {
    throw new Failure("cannot ask for a secret while stdout is no terminal", {
      hint: "pipe the secret in, or leave stdout alone",
    });
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of Deno.stdin.readable) {
    size += chunk.length;
    if (size > LONGEST) throw new Failure("what comes in on stdin is too long to be a key");
    chunks.push(chunk);
  }
  try {
    const all = await new Blob(chunks as BlobPart[]).arrayBuffer();
    return new TextDecoder("utf-8", { fatal: true }).decode(all);
  } catch (error) {
    if (error instanceof TypeError) throw new Failure("what comes in on stdin is no text");
    throw error;
  }
}

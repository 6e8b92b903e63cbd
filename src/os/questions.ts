import { linesOf } from "./lines.ts";

/** Asks a person at the terminal. */
export class Questions {
  readonly #write: (text: string) => void;
  /** Gets the next line; a line that comes while it is null answers no question, and is dropped. */
  #answer: ((line: string | null) => void) | null = null;
  #isOver = false;

  /**
   * Listens to stdin from now on, so that what is typed before a question does not answer it.
   *
   * @param write shows a question; the answer is typed behind it
   */
  constructor(write: (text: string) => void) {
    this.#write = write;
    void this.#listen(Deno.stdin.readable);
  }

  /** Asks, and waits for a line; null if the input has ended, or the signal is aborted. */
  async ask(question: string, signal: AbortSignal): Promise<string | null> {
    if (this.#isOver || signal.aborted) return null;
    const { promise, resolve } = Promise.withResolvers<string | null>();
    this.#answer = resolve;
    const stop = (): void => resolve(null);
    signal.addEventListener("abort", stop, { once: true });
    this.#write(question);
    const line = await promise;
    signal.removeEventListener("abort", stop);
    this.#answer = null;
    if (this.#isOver) this.#write("\n"); // the cursor stands behind the question
    return line;
  }

  async #listen(stdin: ReadableStream<Uint8Array>): Promise<void> {
    try {
      for await (const lines of linesOf(stdin)) {
        for (const line of lines) {
          this.#answer?.(line);
          this.#answer = null;
        }
      }
    } catch {
      // The terminal is gone, as with its window.
    }
    this.#isOver = true;
    this.#answer?.(null);
  }
}

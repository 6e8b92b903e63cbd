/** Lines that are read as they arrive, so that their writer never blocks. */
export class Inbox {
  /** Fulfilled when no more lines come. */
  readonly ended: Promise<void>;
  #lines: string[] = [];
  #isOver = false;
  #wake: () => void = () => {};

  /** @param lines some at a time; a stream that breaks has ended */
  constructor(lines: AsyncIterable<readonly string[]>) {
    this.ended = this.#read(lines);
  }

  /** Takes the lines that came since the last time; waits if there are none. @returns null at the end */
  async take(): Promise<readonly string[] | null> {
    while (this.#lines.length === 0) {
      if (this.#isOver) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  async #read(lines: AsyncIterable<readonly string[]>): Promise<void> {
    try {
      for await (const some of lines) {
        this.#lines.push(...some);
        this.#wake();
      }
    } catch {
      // What was to come is lost, as it is when the writer ends.
    }
    this.#isOver = true;
    this.#wake();
  }
}

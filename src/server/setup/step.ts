/** One step of setting up a server. */
export interface Step {
  /** A word. */
  readonly name: string;
  /** What it does, in one line; known before it is done. */
  plan(): Promise<string>;
  /** In what way it is done already; null if it is not. */
  already(): Promise<string | null>;
  /** What there is to read before it is done. */
  text?(): Promise<readonly string[]>;
  /** What is asked before it is done. */
  readonly question?: Question;
  /**
   * Does it.
   *
   * @param tell shows a line while it is being done
   * @param signal ends it early
   * @returns what became of it, in one line, which is empty if there is nothing to say; null if it was
   * ended early
   * @throws {Failure} if it cannot be done
   */
  run(tell: (line: string) => void, signal: AbortSignal): Promise<string | null>;
}

/** A question before a step. */
export interface Question {
  readonly text: string;
  /** Whether it is answered by yes or no; else Enter goes on. */
  readonly isYesNo: boolean;
}

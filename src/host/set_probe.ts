import { killChild, patiently, spawn } from "./tool.ts";
import { ToolFailure } from "./tool_failure.ts";

/** An element that ought to be in a set. */
export interface Expectation {
  readonly set: string;
  readonly element: string;
}

const PATIENCE_MS = 3000;

/**
 * Asks the kernel again and again what its sets hold, over one `ipset` that keeps running: a question
 * costs a tenth of what a new process would.
 */
export class SetProbe implements AsyncDisposable {
  #child: Deno.ChildProcess | null = null;
  #writer: WritableStreamDefaultWriter<Uint8Array> | null = null;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;

  /**
   * Which elements are not in their sets.
   *
   * @throws {ToolFailure} if ipset does not answer; the next question goes to a new one
   */
  async missing(expected: readonly Expectation[]): Promise<Expectation[]> {
    if (expected.length === 0) return [];
    this.#start();
    try {
      return await patiently("ipset", this.#child!, PATIENCE_MS, () => this.#ask(expected));
    } catch (error) {
      await this[Symbol.asyncDispose]();
      if (error instanceof ToolFailure) throw error;
      throw new ToolFailure("ipset", null, "ended while it was asked");
    }
  }

  async #ask(expected: readonly Expectation[]): Promise<Expectation[]> {
    const questions = expected.map(({ set, element }) => `test ${set} ${element}\n`).join("");
    await this.#writer!.write(new TextEncoder().encode(questions));
    // Answers come on stderr, which no buffer holds back: a line for each question.
    for (let text = "";;) {
      const answers = text.split("\n").slice(0, -1).filter((line) => line.trim() !== "");
      if (answers.length >= expected.length) {
        return expected.filter((_, i) => !answers[i]!.includes(" is in set "));
      }
      const { value, done } = await this.#reader!.read();
      if (done) throw new ToolFailure("ipset", null, "ended while it was asked");
      text += new TextDecoder().decode(value);
    }
  }

  #start(): void {
    if (this.#child !== null) return;
    this.#child = spawn("ipset", ["-"]);
    // Its prompts: nobody reads them, but it would end if nobody took them.
    this.#child.stdout.pipeTo(new WritableStream()).catch(() => {});
    this.#writer = this.#child.stdin.getWriter();
    this.#reader = this.#child.stderr.getReader();
  }

  /** Ends the process, if there is one. */
  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    killChild(child);
    this.#child = null;
    await this.#writer!.abort().catch(() => {});
    await child.status;
  }
}

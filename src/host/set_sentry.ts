import { type Expectation, questions } from "./set_session.ts";
import { killChild, spawn } from "./tool.ts";

/**
 * Notices when elements are no longer in their sets, at a fifth of what it costs to ask and be told: an
 * `ipset restore` goes on reading, without a word, as long as what it is asked for is there, and ends
 * over the first that is not. It may end over something else, too: so this is a reason to look, no more.
 */
export class SetSentry implements AsyncDisposable {
  readonly #fell: () => void;
  #child: Deno.ChildProcess | null = null;
  #writer: WritableStreamDefaultWriter<Uint8Array> | null = null;
  /** What was asked for last, and how. */
  #expected: readonly Expectation[] = [];
  #question = new Uint8Array();

  /** @param fell told when the sentry ends by itself */
  constructor(fell: () => void) {
    this.#fell = fell;
  }

  /**
   * Starts the sentry, unless it stands.
   *
   * @throws {ToolFailure} if there is no ipset
   */
  post(): void {
    if (this.#child !== null) return;
    const child = spawn("ipset", ["-quiet", "restore"], { output: "null" });
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    child.status.then(() => {
      if (this.#child !== child) return;
      this.#child = null;
      this.#fell();
    });
  }

  /**
   * Asks for elements. There is no answer, unless it falls; so does one that reads no more.
   *
   * @param expected better the same array than an equal one
   * @returns whether it stands
   */
  ask(expected: readonly Expectation[]): boolean {
    if (this.#child === null) return false;
    // What it was asked before still waits: it hangs, and what it is asked would pile up.
    if (this.#writer!.desiredSize! <= 0) killChild(this.#child);
    if (expected !== this.#expected) {
      this.#expected = expected;
      this.#question = new TextEncoder().encode(questions(expected));
    }
    // A sentry that just fell is told by its end.
    this.#writer!.write(this.#question).catch(() => {});
    return true;
  }

  /** Ends the process, if there is one. */
  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#child = null;
    killChild(child);
    await this.#writer!.abort().catch(() => {});
    await child.status;
  }
}

import { TextLineStream } from "@std/streams/text-line-stream";

/** A program that answers JSON lines. */
export class Wire implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #over: Promise<void>;
  #last = 0;

  /**
   * Starts it in a network namespace.
   *
   * @param told told of lines that answer nothing
   * @param failed makes an error of one that came over the wire
   */
  constructor(
    netns: string,
    command: readonly string[],
    told: (line: Record<string, unknown>) => void = () => {},
    // deno-lint-ignore no-explicit-any
    failed: (error: any) => Error = ({ message }) => new Error(message),
  ) {
    this.#child = new Deno.Command("ip", {
      args: ["netns", "exec", netns, ...command],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#over = this.#listen(told, failed);
  }

  /** Asks for something, and waits for the answer. */
  async ask(request: object): Promise<unknown> {
    const id = ++this.#last;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    await this.#writer.write(new TextEncoder().encode(JSON.stringify({ id, ...request }) + "\n"));
    return await waiting.promise;
  }

  /** Kills it. */
  async kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch { /* it has ended already */ }
    await this.#end();
  }

  /** Has it end by itself, and waits for that. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#end();
  }

  async #end(): Promise<void> {
    await this.#over;
    await this.#child.status;
    await this.#writer.abort().catch(() => {});
  }

  async #listen(
    told: (line: Record<string, unknown>) => void,
    // deno-lint-ignore no-explicit-any
    failed: (error: any) => Error,
  ): Promise<void> {
    const lines: ReadableStream<string> = this.#child.stdout
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream());
    for await (const line of lines) {
      const answer = JSON.parse(line);
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (waiting === undefined) told(answer);
      else if (answer.error === undefined) waiting.resolve(answer.result);
      else waiting.reject(failed(answer.error));
    }
    for (const { reject } of this.#waiting.values()) reject(new Error("the program has ended"));
    this.#waiting.clear();
  }
}

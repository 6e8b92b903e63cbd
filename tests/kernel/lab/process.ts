import { TextLineStream } from "@std/streams/text-line-stream";
import { PATIENCE_MS } from "./wait.ts";

export interface RunOptions {
  stdin?: string;
  /** Added to the environment of the test process. */
  env?: Record<string, string>;
  cwd?: string;
}

export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

export interface SpawnOptions extends Omit<RunOptions, "stdin"> {
  /** `piped` leaves standard input open for `write()`; the default is empty input. */
  stdin?: "piped" | "null";
}

export interface Line {
  from: "stdout" | "stderr";
  text: string;
}

/** Runs a program to its end. A failure is a `code`, not a throw. */
export async function run(
  command: string,
  args: string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const { stdin, ...rest } = options;
  const child = new Deno.Command(command, {
    args,
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    ...rest,
  }).spawn();
  const fed = stdin === undefined ? Promise.resolve() : feed(child.stdin, stdin);
  const [{ code, stdout, stderr }] = await Promise.all([child.output(), fed]);
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/** Runs a program that has to succeed and returns its stdout. */
export async function must(
  command: string,
  args: string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options);
  if (code !== 0) {
    throw new Error(`${[command, ...args].join(" ")}: exit code ${code}: ${stderr || stdout}`);
  }
  return stdout;
}

async function feed(stdin: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch {
    // The program ended without reading all of it; its exit code tells the test more than a broken pipe.
  }
}

/** What a wait for a line ends in when its time is over. */
const LATE = Symbol("late");

/** A program that runs beside the test. Its output is kept line by line, in the order of arrival. */
export class Child {
  readonly lines: Line[] = [];
  readonly pid: number;
  readonly status: Promise<Deno.CommandStatus>;
  readonly #child: Deno.ChildProcess;
  readonly #title: string;
  readonly #output: Promise<unknown>;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #over = false;
  /** Resolved by the next line, or the end. */
  #news = Promise.withResolvers<null>();

  constructor(command: string, args: string[], options: SpawnOptions = {}) {
    this.#title = [command, ...args].join(" ");
    this.#child = new Deno.Command(command, {
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      ...options,
    }).spawn();
    this.pid = this.#child.pid;
    this.status = this.#child.status;
    if (options.stdin === "piped") this.#writer = this.#child.stdin.getWriter();
    this.#output = Promise.all([
      this.#collect("stdout", this.#child.stdout),
      this.#collect("stderr", this.#child.stderr),
    ]).then(() => {
      this.#over = true;
      this.#tell();
    });
  }

  async #collect(
    from: Line["from"],
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  ): Promise<void> {
    const lines: ReadableStream<string> = stream.pipeThrough(new TextDecoderStream()).pipeThrough(
      new TextLineStream(),
    );
    for await (const text of lines) {
      this.lines.push({ from, text });
      this.#tell();
    }
  }

  /** Wakes who waits for a line. */
  #tell(): void {
    this.#news.resolve(null);
    this.#news = Promise.withResolvers();
  }

  /** All lines so far, or those of one stream, as one text. */
  text(from?: Line["from"]): string {
    return this.lines.filter((line) => !from || line.from === from).map((line) => line.text + "\n")
      .join("");
  }

  /**
   * Waits for a line, on either stream, that matches; lines that came before the call count, so
   * `after` (a former `lines.length`) is the way to ask for a new one.
   *
   * @throws Error with all output when the deadline passes or the program ends without such a line.
   */
  async waitForLine(
    match: RegExp | ((text: string) => boolean),
    deadlineMs = PATIENCE_MS,
    after = 0,
  ): Promise<string> {
    const matches = match instanceof RegExp ? (text: string) => match.test(text) : match;
    const late = Promise.withResolvers<typeof LATE>();
    const timer = setTimeout(() => late.resolve(LATE), deadlineMs);
    try {
      for (let at = after;;) {
        for (; at < this.lines.length; at++) {
          if (matches(this.lines[at]!.text)) return this.lines[at]!.text;
        }
        if (this.#over || await Promise.race([this.#news.promise, late.promise]) === LATE) break;
      }
    } finally {
      clearTimeout(timer);
    }
    const why = this.#over ? "before its end" : `within ${deadlineMs} ms`;
    throw new Error(`no line ${match} from ${this.#title} ${why}; its output:\n${this.text()}`);
  }

  async write(text: string): Promise<void> {
    await this.#writer?.write(new TextEncoder().encode(text));
  }

  async closeInput(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.close().catch(() => {}); // a dead reader is no news
  }

  kill(signal: Deno.Signal = "SIGTERM"): void {
    try {
      this.#child.kill(signal);
    } catch { /* already ended */ }
  }

  /** Ends it and waits until it has ended. What it started itself may still run. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus> {
    this.kill(signal);
    return await this.status;
  }

  /** Waits until it has ended and every holder of its output has let go. */
  async finished(): Promise<Deno.CommandStatus> {
    await this.closeInput();
    await this.#output;
    return await this.status;
  }
}

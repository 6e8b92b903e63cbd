import type { SetText } from "../core/firewall/ipset.ts";
import { HIDDEN } from "../core/firewall/sets.ts";
import { linesOf } from "./lines.ts";
import { killChild, patiently, spawn } from "./tool.ts";
import { ToolFailure } from "./tool_failure.ts";

/** An element that ought to be in a set. */
export interface Expectation {
  readonly set: string;
  readonly element: string;
}

const PATIENCE_MS = 3000;
/** Time to print as many lines as the largest sets have. */
const PRINT_MS = 20_000;

/** Has ipset print a line that no set's content looks like, and tells it. */
const END = "version\n";
const IS_END = /^ipset v/;
/** Something to ask when only the asking matters: port 0 is nobody's. */
const WITNESS: Expectation = { set: HIDDEN.name, element: "0" };

/** A running ipset: it prints on stdout, and answers and complains on stderr. */
interface Talk {
  readonly child: Deno.ChildProcess;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly printed: AsyncGenerator<string[]>;
  readonly answers: AsyncGenerator<string[]>;
}

/**
 * The kernel's sets over one `ipset` that keeps running, for what is asked again and again: an exchange
 * costs a tenth of what a new process would. `stdbuf` keeps its words from waiting in a buffer.
 */
export class SetSession implements AsyncDisposable {
  #talk: Talk | null = null;
  /** Exchanges follow one another. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Which elements are not in their sets.
   *
   * @throws {ToolFailure} if ipset does not answer; the next exchange is with a new one
   */
  async missing(expected: readonly Expectation[]): Promise<Expectation[]> {
    if (expected.length === 0) return [];
    const answers = await this.#exchange("", expected, () => {});
    return expected.filter((_, i) => !isYes(answers[i]!));
  }

  /**
   * Runs commands of which some print.
   *
   * @param commands few enough for a pipe; `list` to print, for an ipset that was asked for a shorter or
   * longer form sticks to it
   * @param take told of the lines, some at a time: there may be more than should be held at once
   * @throws {ToolFailure} if any of the commands failed
   */
  async print(commands: SetText, take: (lines: readonly string[]) => void): Promise<void> {
    const [answer] = await this.#exchange(commands, [WITNESS], take);
    if (isAnswer(answer!)) return;
    await this[Symbol.asyncDispose](); // with whatever else it has to say
    throw new ToolFailure("ipset", null, answer!);
  }

  #exchange(
    commands: SetText,
    questions: readonly Expectation[],
    take: (lines: readonly string[]) => void,
  ): Promise<string[]> {
    const exchange = this.#last.then(() => this.#converse(commands, questions, take));
    this.#last = exchange.catch(() => {});
    return exchange;
  }

  async #converse(
    commands: SetText,
    questions: readonly Expectation[],
    take: (lines: readonly string[]) => void,
  ): Promise<string[]> {
    const { child, writer, printed, answers } = this.#talk ??= start();
    const tests = questions.map(({ set, element }) => `test ${set} ${element}\n`);
    const text = commands + END + tests.join("");
    try {
      return await patiently("ipset", child, commands === "" ? PATIENCE_MS : PRINT_MS, async () => {
        await writer.write(new TextEncoder().encode(text));
        for (let ended = false; !ended;) {
          const lines = (await next(printed)).map(withoutPrompt);
          ended = IS_END.test(lines.at(-1)!);
          take(ended ? lines.slice(0, -1) : lines);
        }
        const heard: string[] = [];
        while (heard.length < questions.length) heard.push(...await next(answers));
        return heard;
      });
    } catch (error) {
      await this[Symbol.asyncDispose]();
      if (error instanceof ToolFailure) throw error;
      throw new ToolFailure("ipset", null, "ended while it was asked");
    }
  }

  /** Ends the process, if there is one. */
  async [Symbol.asyncDispose](): Promise<void> {
    const talk = this.#talk;
    if (talk === null) return;
    this.#talk = null;
    killChild(talk.child);
    await talk.writer.abort().catch(() => {});
    await talk.child.status;
  }
}

function start(): Talk {
  const child = spawn("stdbuf", ["-oL", "ipset", "-"]);
  return {
    child,
    writer: child.stdin.getWriter(),
    printed: linesOf(child.stdout),
    answers: linesOf(child.stderr),
  };
}

async function next(lines: AsyncGenerator<string[]>): Promise<string[]> {
  const { value, done } = await lines.next();
  if (done) throw new ToolFailure("ipset", null, "ended while it was asked");
  return value;
}

function withoutPrompt(line: string): string {
  return line.replace(/^(?:ipset> )+/, "");
}

function isAnswer(line: string): boolean {
  return / is (NOT )?in set /.test(line);
}

function isYes(line: string): boolean {
  return line.includes(" is in set ");
}

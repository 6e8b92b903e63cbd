import type { SetText } from "../core/firewall/ipset.ts";
import { type Listing, readListings } from "../core/firewall/references.ts";
import { HIDDEN, type SetSpec } from "../core/firewall/sets.ts";
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

/** What ipset is to do in one go. */
interface Exchange {
  readonly commands: SetText;
  /** How many lines it has to say beside what it prints, at least. */
  readonly answers: number;
  /** Told of the lines that it prints, some at a time. */
  readonly take: (lines: readonly string[]) => void;
  readonly patienceMs: number;
}

/** A running ipset: it prints on stdout, and answers and complains on stderr. */
interface Talk {
  readonly child: Deno.ChildProcess;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly printed: AsyncGenerator<string[]>;
  readonly said: AsyncGenerator<string[]>;
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
    const answers = await this.#exchange({
      commands: questions(expected),
      answers: expected.length,
      take: () => {},
      patienceMs: PATIENCE_MS,
    });
    return expected.filter((_, i) => !isYes(answers[i]!));
  }

  /**
   * Which elements are not in their sets, and what is in some sets.
   *
   * @param sets such with few elements
   * @returns listings: without those of sets that are not there
   * @throws {ToolFailure} if ipset does not answer
   */
  async look(
    expected: readonly Expectation[],
    sets: readonly SetSpec[],
  ): Promise<{ missing: Expectation[]; listings: Map<string, Listing> }> {
    const lines: string[] = [];
    const answers = await this.#exchange({
      // What it prints comes last, so that it wakes us once.
      commands: questions(expected) + sets.map(({ name }) => `list ${name}\n`).join(""),
      answers: expected.length,
      take: (more) => lines.push(...more),
      patienceMs: PATIENCE_MS,
    });
    const listings = readListings(lines);
    // It has yet to complain of that.
    if (listings.size < sets.length) await this[Symbol.asyncDispose]();
    return { missing: expected.filter((_, i) => !isYes(answers[i]!)), listings };
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
    const [answer] = await this.#exchange({
      commands: commands + questions([WITNESS]),
      answers: 1,
      take,
      patienceMs: PRINT_MS,
    });
    if (isAnswer(answer!)) return;
    await this[Symbol.asyncDispose](); // with whatever else it has to say
    throw new ToolFailure("ipset", null, answer!);
  }

  #exchange(exchange: Exchange): Promise<string[]> {
    const answers = this.#last.then(() => this.#converse(exchange));
    this.#last = answers.catch(() => {});
    return answers;
  }

  async #converse({ commands, answers, take, patienceMs }: Exchange): Promise<string[]> {
    const { child, writer, printed, said } = this.#talk ??= start();
    try {
      return await patiently("ipset", child, patienceMs, async () => {
        await writer.write(new TextEncoder().encode(commands + END));
        for (let ended = false; !ended;) {
          const lines = (await next(printed)).map(withoutPrompt);
          ended = IS_END.test(lines.at(-1)!);
          take(ended ? lines.slice(0, -1) : lines);
        }
        const heard: string[] = [];
        while (heard.length < answers) heard.push(...await next(said));
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
    said: linesOf(child.stderr),
  };
}

async function next(lines: AsyncGenerator<string[]>): Promise<string[]> {
  const { value, done } = await lines.next();
  if (done) throw new ToolFailure("ipset", null, "ended while it was asked");
  return value;
}

/** The commands that ask for elements. */
export function questions(expected: readonly Expectation[]): SetText {
  return expected.map(({ set, element }) => `test ${set} ${element}\n`).join("");
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

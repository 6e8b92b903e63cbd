import type { SetText } from "./ipset_text.ts";
import { SENTINEL, TOUCHED } from "./sets.ts";
import { linesOf } from "../../os/lines.ts";
import { killChild, patiently, spawn } from "../../os/child.ts";
import { ToolFailure } from "../../os/tool_failure.ts";

/** Time to print as many lines as the largest sets have. */
const PRINT_MS = 10_000;

/** Has ipset print a line that no set's content looks like, and tells it. */
const END = "version\n";
const IS_END = /^ipset v/;
/** Something to ask when only the asking matters. */
const WITNESS = `test ${TOUCHED.name} ${SENTINEL}\n`;

/** What ipset is to do in one go. */
interface Exchange {
  readonly commands: SetText;
  /** Told of the lines that it prints, some at a time. */
  readonly take: (lines: readonly string[]) => void;
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
export class IpsetProcess implements AsyncDisposable {
  #talk: Talk | null = null;
  /** Exchanges follow one another. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Runs commands of which some print.
   *
   * @param commands few enough for a pipe; `list` to print, for an ipset that was asked for a shorter or
   * longer form sticks to it
   * @param take told of the lines, some at a time: there may be more than should be held at once
   * @throws {ToolFailure} if any of the commands failed
   */
  async print(commands: SetText, take: (lines: readonly string[]) => void): Promise<void> {
    const answer = await this.#exchange({
      commands: commands + WITNESS,
      take,
    });
    if (isAnswer(answer)) return;
    await this[Symbol.asyncDispose](); // with whatever else it has to say
    throw new ToolFailure("ipset", null, answer);
  }

  #exchange(exchange: Exchange): Promise<string> {
    const answers = this.#last.then(() => this.#converse(exchange));
    this.#last = answers.catch(() => {});
    return answers;
  }

  async #converse({ commands, take }: Exchange): Promise<string> {
    const { child, writer, printed, said } = this.#talk ??= start();
    try {
      return await patiently("ipset", child, PRINT_MS, async () => {
        await writer.write(new TextEncoder().encode(commands + END));
        for (let ended = false; !ended;) {
          const lines = (await next(printed)).map(withoutPrompt);
          ended = IS_END.test(lines.at(-1)!);
          take(ended ? lines.slice(0, -1) : lines);
        }
        const [answer] = await next(said);
        return answer!;
      });
    } catch (error) {
      await this[Symbol.asyncDispose]();
      if (error instanceof ToolFailure) throw error;
      throw new ToolFailure("ipset", null, "exited during a query");
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
  if (done) throw new ToolFailure("ipset", null, "exited during a query");
  return value;
}

function withoutPrompt(line: string): string {
  return line.replace(/^(?:ipset> )+/, "");
}

function isAnswer(line: string): boolean {
  return / is (NOT )?in set /.test(line);
}

import { Inbox } from "../../os/inbox.ts";
import { linesOf } from "../../os/lines.ts";
import { killChild, patiently, spawn } from "../../os/child.ts";
import { ToolFailure } from "../../os/tool_failure.ts";
import { NFT_VARIABLES } from "./nft.ts";

const ANSWER_MS = 10_000;
/** A listing makes nft larger for good, so after long ones, or very many, a new one takes over. */
const LARGE_BYTES = 1_000_000;
const MANY = 20_000;

/** A question that always fails, and so ends every exchange with a line that nothing else prints. */
const END = "list set inet c3po the-end-of-this-exchange";

/** A running nft: answers come on stdout, complaints on stderr. */
interface Talk {
  readonly child: Deno.ChildProcess;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  /** Read as they come: with a full pipe of answers nft would not get as far as its complaints. */
  readonly answers: Inbox;
  readonly complaints: AsyncGenerator<string[]>;
  bytes: number;
  exchanges: number;
}

/** How it is started. */
export interface NftProcessOptions {
  /** What nft is told when it is started, beside that answers are to be JSON. */
  readonly args?: readonly string[];
  /** A command that each new nft is given first; whether it succeeds is not asked. */
  readonly greeting?: string;
}

/**
 * One nft that keeps running, for what is asked again and again: an exchange costs a tenth of what a new
 * process would. What it owns in the kernel ends with it.
 */
export class NftProcess implements AsyncDisposable {
  readonly #args: readonly string[];
  readonly #greeting: string | undefined;
  #talk: Talk | null = null;
  /** Exchanges follow one another. */
  #last: Promise<unknown> = Promise.resolve();

  constructor({ args = [], greeting }: NftProcessOptions = {}) {
    this.#args = ["-j", ...args, "-i"];
    this.#greeting = greeting;
  }

  /**
   * Runs commands, one a line.
   *
   * @returns what the listings among them printed, each a line of JSON
   * @throws {ToolFailure} if any of them failed; those behind it were carried out all the same
   */
  exchange(commands: readonly string[]): Promise<string[]> {
    const answers = this.#last.then(() => this.#converse(commands));
    this.#last = answers.catch(() => {});
    return answers;
  }

  /** Starts it, unless it runs: what it owns is there from then on. */
  async begin(): Promise<void> {
    await this.exchange([]);
  }

  async #converse(commands: readonly string[]): Promise<string[]> {
    const talk = this.#talk ?? await this.#start();
    const { said, listed } = await this.#give(talk, commands);
    // If some of several commands failed, unread answers may be left.
    const isUnclear = said.length > 0 && commands.length > 1;
    if (isUnclear || talk.bytes > LARGE_BYTES || talk.exchanges > MANY) await this.#end();
    if (said.length > 0) throw new ToolFailure("nft", null, said[0]!);
    return listed;
  }

  async #start(): Promise<Talk> {
    const child = spawn("nft", this.#args, { env: NFT_VARIABLES });
    const talk: Talk = this.#talk = {
      child,
      writer: child.stdin.getWriter(),
      answers: new Inbox(linesOf(child.stdout)),
      complaints: linesOf(child.stderr),
      bytes: 0,
      exchanges: 0,
    };
    if (this.#greeting !== undefined) await this.#give(talk, [this.#greeting]);
    return talk;
  }

  async #give(
    talk: Talk,
    commands: readonly string[],
  ): Promise<{ said: string[]; listed: string[] }> {
    const listings = commands.filter((command) => command.startsWith("list ")).length;
    try {
      return await patiently("nft", talk.child, ANSWER_MS, async () => {
        await talk.writer.write(new TextEncoder().encode([...commands, END, ""].join("\n")));
        const said = await complaintsOf(talk);
        const listed: string[] = [];
        // Of those that failed nothing is printed, so which answers are missing is not known.
        while (said.length === 0 && listed.length < listings) listed.push(...await answersOf(talk));
        talk.exchanges++;
        return { said, listed };
      });
    } catch (error) {
      await this.#end();
      if (error instanceof ToolFailure) throw error;
      throw new ToolFailure("nft", null, "exited during a query");
    }
  }

  async #end(): Promise<void> {
    const talk = this.#talk;
    if (talk === null) return;
    this.#talk = null;
    killChild(talk.child);
    await talk.writer.abort().catch(() => {});
    await talk.child.status;
    await Promise.all([talk.answers.ended, drained(talk.complaints)]);
  }

  /** Ends the process, if there is one. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    await this.#end();
  }
}

/** The complaints of one exchange: the lines up to the one that ends it. */
async function complaintsOf(talk: Talk): Promise<string[]> {
  const lines: string[] = [];
  for (;;) {
    lines.push(...await next(talk.complaints));
    const end = lines.findIndex((line) => line.includes(END));
    if (end < 0) continue;
    const errors = lines.slice(0, end).filter((line) => /^(?:\S+: )?Error: /.test(line));
    return errors.slice(0, -1).map((line) => line.replace(/^.*?Error: /, "")); // the last is the end's own
  }
}

/** Where nft was built with readline, a prompt and what it was told stand beside what it prints. */
const ANSWER = /^(?:nft> )*(\{"nftables".*)$/;

async function answersOf(talk: Talk): Promise<string[]> {
  return present(await talk.answers.take()).flatMap((line) => {
    talk.bytes += line.length;
    const [, text] = ANSWER.exec(line) ?? [];
    return text === undefined ? [] : [text];
  });
}

async function next(lines: AsyncGenerator<string[]>): Promise<string[]> {
  const { value, done } = await lines.next();
  return present(done ? null : value);
}

function present(lines: readonly string[] | null): string[] {
  if (lines === null) throw new ToolFailure("nft", null, "exited during a query");
  return [...lines];
}

async function drained(lines: AsyncGenerator<string[]>): Promise<void> {
  await lines.return(undefined).catch(() => {});
}

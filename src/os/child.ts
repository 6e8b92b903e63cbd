import { wholeOf } from "./lines.ts";
import { after } from "./timer.ts";
import { notStarted, ToolFailure } from "./tool_failure.ts";

/** A program that ended, with everything it printed. */
export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Root's PATH under sudo or cron may lack the folders of the tools that only root needs. */
const SYSTEM_FOLDERS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** The environment in which tools speak English, find their helpers, and learn no secret of ours. */
export function toolEnvironment(): { env: Record<string, string>; clearEnv: true } {
  return { env: { PATH: SYSTEM_FOLDERS, LC_ALL: "C" }, clearEnv: true };
}

/** The numbers of the processes that were started here, and of those that ended last. */
const running = new Set<number>();
const ended: number[] = [];
const MOST_ENDED = 64;

/** Whether a process was started here, and runs or ended a moment ago. */
export function isOwnChild(pid: number): boolean {
  return running.has(pid) || ended.includes(pid);
}

function remember({ pid, status }: Deno.ChildProcess): void {
  running.add(pid);
  status.finally(() => {
    running.delete(pid);
    ended.push(pid);
    if (ended.length > MOST_ENDED) ended.shift();
  });
}

/** Which streams of a program are pipes, all of them unless said otherwise, and who is beside it. */
export interface Streams {
  readonly stdin?: "piped" | "null";
  /** stdout and stderr. */
  readonly output?: "piped" | "null";
  /**
   * Whether Ctrl-C is for us alone, as unless said otherwise where there is a terminal: a tool that it
   * ended too would be an error in the midst of our own end.
   */
  readonly detached?: boolean;
  /** Variables beside those that every tool gets. */
  readonly env?: Readonly<Record<string, string>>;
}

let hasGroup = true;

/** From now on tools are started in the process group of this process, unless said otherwise. */
export function shareGroup(): void {
  hasGroup = false;
}

/**
 * Starts a program.
 *
 * @throws {ToolFailure} if there is no such program
 */
export function spawn(
  tool: string,
  args: readonly string[],
  { stdin = "piped", output = "piped", detached = hasGroup, env: more = {} }: Streams = {},
): Deno.ChildProcess {
  const { env, clearEnv } = toolEnvironment();
  try {
    const child = new Deno.Command(tool, {
      args: [...args],
      stdin,
      stdout: output,
      stderr: output,
      detached,
      env: { ...env, ...more },
      clearEnv,
    }).spawn();
    remember(child);
    return child;
  } catch (error) {
    throw notStarted(tool, error);
  }
}

/** Writes all of a text and closes. A program that ended before is told apart by its exit code. */
export async function feed(
  stdin: WritableStream<Uint8Array>,
  text: string | AsyncIterable<string>,
): Promise<void> {
  const writer = stdin.getWriter();
  try {
    for await (const part of typeof text === "string" ? [text] : text) {
      await writer.write(new TextEncoder().encode(part));
    }
    await writer.close();
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return;
    await writer.abort().catch(() => {}); // so that the program does not wait for more
    throw error;
  }
}

/** Waits for the end of a program whose streams are pipes, and takes all it says. */
export async function outcomeOf(child: Deno.ChildProcess): Promise<Result> {
  const [{ code }, stdout, stderr] = await Promise.all([
    child.status,
    wholeOf(child.stdout),
    wholeOf(child.stderr),
  ]);
  return { code, stdout, stderr };
}

/**
 * Waits for a step of a program. One that takes too long is killed, and not waited for any more: what
 * it has started itself may hold its streams open for ever.
 *
 * @param milliseconds how long it may take
 * @throws {ToolFailure} if it takes longer
 */
export async function patiently<T>(
  tool: string,
  child: Deno.ChildProcess,
  milliseconds: number,
  step: () => Promise<T>,
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const callOff = after(milliseconds, () => {
    killChild(child);
    reject(new ToolFailure(tool, null, `no answer within ${milliseconds / 1000} s, killed`));
  });
  try {
    return await Promise.race([step(), promise]);
  } finally {
    callOff();
  }
}

/** Kills a program, unless it has ended by itself. */
export function killChild(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

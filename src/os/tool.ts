import { linesOf, wholeOf } from "./lines.ts";
import { after } from "./timer.ts";
import { failureOf, notStarted, ToolFailure } from "./tool_failure.ts";

/** A program that ended, with everything it printed. */
export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a program is run. */
export interface ToolOptions {
  /** What the program reads, at once or in parts; nothing unless given. */
  readonly stdin?: string | AsyncIterable<string>;
  /** Milliseconds until the program is taken for stuck and killed; 10 000 unless given. */
  readonly timeout?: number;
  /** Variables beside those that every tool gets. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Root's PATH under sudo or cron may lack the folders of the tools that only root needs. */
const SYSTEM_FOLDERS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const PATIENCE_MS = 10_000;

/** The environment in which tools speak English, find their helpers, and learn no secret of ours. */
export function toolEnvironment(): { env: Record<string, string>; clearEnv: true } {
  return { env: { PATH: SYSTEM_FOLDERS, LC_ALL: "C" }, clearEnv: true };
}

/**
 * Runs a program to its end and returns whatever it says.
 *
 * @param tool name of a program, found in the system's folders
 * @param args passed as they are: there is no shell
 * @throws {ToolFailure} if the program is missing or does not end in time
 */
export async function tryTool(
  tool: string,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<Result> {
  const patience = options.timeout ?? PATIENCE_MS;
  const child = spawn(tool, args, {
    stdin: options.stdin === undefined ? "null" : "piped",
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  const ended = outcomeOf(child);
  const fed = options.stdin === undefined ? undefined : feed(child.stdin, options.stdin);
  return await patiently(tool, child, patience, async () => {
    await fed;
    return await ended;
  });
}

/** Whether this machine has a program, whatever it can do here. */
export async function hasTool(tool: string): Promise<boolean> {
  try {
    await tryTool(tool, ["--version"]);
    return true;
  } catch (error) {
    if (error instanceof ToolFailure && error.isMissing) return false;
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

/**
 * Runs a program that must succeed.
 *
 * @returns what it printed to stdout
 * @throws {ToolFailure} with command, exit code and the first line of stderr
 */
export async function runTool(
  tool: string,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await tryTool(tool, args, options);
  if (code !== 0) throw failureOf([tool, ...args], code, stderr);
  return stdout;
}

/**
 * Runs a program that must succeed, and say nothing to stderr, for more output than should be held
 * at once.
 *
 * @param stdin what the program reads; small enough for a pipe
 * @returns its lines, some at a time
 * @throws {ToolFailure} at the end, if it failed
 */
export async function* streamTool(
  tool: string,
  args: readonly string[],
  stdin: string,
): AsyncGenerator<string[]> {
  const child = spawn(tool, args);
  const complaints = wholeOf(child.stderr);
  const lines = linesOf(child.stdout);
  // Much output may take long, but none of it comes after a long silence.
  const within = <T>(step: () => Promise<T>): Promise<T> =>
    patiently(tool, child, PATIENCE_MS, step);
  await within(() => feed(child.stdin, stdin));
  for (;;) {
    const { value, done } = await within(() => lines.next());
    if (done) break;
    yield value;
  }
  const [{ code }, stderr] = await within(() => Promise.all([child.status, complaints]));
  // Some programs that read commands go on after an error, and end with 0.
  if (code !== 0 || stderr !== "") throw failureOf([tool, ...args], code, stderr);
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

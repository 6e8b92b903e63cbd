import { feed, outcomeOf, patiently, type Result, spawn } from "./child.ts";
import { linesOf, wholeOf } from "./lines.ts";
import { failureOf, ToolFailure } from "./tool_failure.ts";

/** How a program is run. */
export interface ToolOptions {
  /** What the program reads, at once or in parts; nothing unless given. */
  readonly stdin?: string | AsyncIterable<string>;
  /** Milliseconds until the program is taken for stuck and killed; 10 000 unless given. */
  readonly timeout?: number;
  /** Variables beside those that every tool gets. */
  readonly env?: Readonly<Record<string, string>>;
}

const PATIENCE_MS = 10_000;

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

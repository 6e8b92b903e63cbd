import { linesOf } from "./lines.ts";
import { Failure } from "./errors.ts";
import { ownProcess } from "./self.ts";

/** How this program is run once more. */
export interface OwnRun {
  readonly args: readonly string[];
  /** Variables beside those that are there; an empty one counts as unset. */
  readonly env: Readonly<Record<string, string>>;
  /** Gets each line of its stderr. */
  readonly hear: (line: string) => void;
  /** Aborted when it is to end: it gets a SIGTERM, and is waited for. */
  readonly signal: AbortSignal;
}

/**
 * Runs this program once more, in a session of its own, where no Ctrl-C reaches it.
 *
 * @returns its exit code, once it has ended
 * @throws {Failure} if it does not start
 */
export async function runOwn({ args, env, hear, signal }: OwnRun): Promise<number> {
  const child = spawnOwn(args, { stdin: "null", stdout: "null", stderr: "piped", env });
  const end = (): void => {
    try {
      child.kill("SIGTERM");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended by itself
    }
  };
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  for await (const lines of linesOf(child.stderr)) lines.forEach(hear);
  const { code } = await child.status;
  signal.removeEventListener("abort", end);
  return code;
}

/**
 * Starts this program once more, in a session of its own.
 *
 * @throws {Failure} if it does not start
 */
export function spawnOwn(
  args: readonly string[],
  options: Omit<Deno.CommandOptions, "args" | "detached">,
): Deno.ChildProcess {
  const [command, ...first] = ownProcess();
  try {
    const all = { ...options, args: [...first, ...args], detached: true };
    return new Deno.Command(command, all).spawn();
  } catch (error) {
    throw new Failure(`${command} does not start: ${(error as Error).message}`, { cause: error });
  }
}

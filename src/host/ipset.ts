import { outcomeOf, patiently, runTool, spawn, streamTool, tryTool } from "./tool.ts";
import { failureOf } from "./tool_failure.ts";

/**
 * Makes sure that ipset is there and the kernel answers it, also by way of `stdbuf` as SetSession asks.
 *
 * @throws {ToolFailure} if not
 */
export async function findIpset(): Promise<void> {
  await runTool("ipset", ["list", "-name"]);
  await runTool("stdbuf", ["-oL", "ipset", "list", "-name"]);
}

/** Time for as many lines as the largest sets take. */
const RESTORE_MS = 40_000;
/** Time for a few lines, of which one may free a large set. */
const FEW_MS = 5000;

/** Loads lines of `ipset restore`, at once or in parts; none at all is no work. */
export async function restoreSets(text: string | AsyncIterable<string>): Promise<void> {
  if (text === "") return;
  const isShort = typeof text === "string" && text.length < SHORT;
  const timeout = isShort ? FEW_MS : RESTORE_MS;
  await runTool("ipset", ["restore"], { stdin: text, timeout });
}

/**
 * Prints a set as `ipset save` does.
 *
 * @returns null if there is no such set
 */
export async function saveSet(name: string): Promise<string | null> {
  const { code, stdout, stderr } = await tryTool("ipset", ["save", name]);
  if (code === 0) return stdout;
  if (/does not exist/.test(stderr)) return null;
  throw failureOf(["ipset", "save", name], code, stderr);
}

/** The names of all sets. */
export async function setNames(): Promise<string[]> {
  return (await runTool("ipset", ["list", "-name"], { timeout: PATIENCE_MS })).split("\n").filter((
    name,
  ) => name !== "");
}

/** A change whose first part is loaded while the second waits for its moment. */
export interface ArmedChange {
  /**
   * Loads the second part: one write to a process that is already running.
   *
   * @throws {ToolFailure} if the kernel refused either part
   */
  fire(text: string): Promise<void>;
  /** Ends the process without loading the second part. */
  cancel(): Promise<void>;
}

/** Characters; what is longer may hold a million bans, which take their time. */
const SHORT = 100_000;
/** The ports linger for some seconds: a process that hangs must go early enough to try another. */
const PATIENCE_MS = 2000;

/** Starts `ipset restore`, has it load a first part, and keeps it waiting for the second. */
export async function armSets(text: string): Promise<ArmedChange> {
  const child = spawn("ipset", ["restore"]);
  const ended = outcomeOf(child);
  const writer = child.stdin.getWriter();
  // A process that has ended says why by its exit code, not by a broken pipe.
  const write = (part: string): Promise<void> =>
    patiently(
      "ipset",
      child,
      PATIENCE_MS,
      () => writer.write(new TextEncoder().encode(part)).catch(() => {}),
    );
  const finish = async (): Promise<void> => {
    const { code, stderr } = await patiently("ipset", child, PATIENCE_MS, async () => {
      await writer.close().catch(() => {});
      return await ended;
    });
    if (code !== 0) throw failureOf(["ipset", "restore"], code, stderr);
  };
  await write(text);
  return {
    fire: async (second) => {
      await write(second);
      await finish();
    },
    cancel: async () => await finish().catch(() => {}),
  };
}

/**
 * Prints a set, as {@linkcode saveSet} does, some lines at a time.
 *
 * @throws {ToolFailure} also if there is no such set
 */
export function streamSet(name: string): AsyncGenerator<string[]> {
  return streamTool("ipset", ["save", name], "");
}

/** How many entries the sets of this network namespace have, by name, without listing them. */
export async function setSizes(): Promise<Map<string, number>> {
  const text = await runTool("ipset", ["list", "-terse"]);
  return new Map(
    text.split(/^Name: /m).slice(1).map((part) => {
      const [, count] = /^Number of entries: (\d+)$/m.exec(part) ?? [];
      return [part.split("\n")[0]!, Number(count ?? 0)];
    }),
  );
}

import { failureOf, patiently, runTool, spawn, tryTool } from "./tool.ts";

/**
 * Makes sure that ipset is there and the kernel answers it.
 *
 * @throws {ToolFailure} if not
 */
export async function findIpset(): Promise<void> {
  await runTool("ipset", ["list", "-name"]);
}

/** Loads lines of `ipset restore`; none at all is no work. */
export async function restoreSets(text: string): Promise<void> {
  if (text !== "") await runTool("ipset", ["restore"], { stdin: text });
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

/** The ports linger for some seconds: a process that hangs must go early enough to try another. */
const PATIENCE_MS = 2000;

/** Starts `ipset restore`, has it load a first part, and keeps it waiting for the second. */
export async function armSets(text: string): Promise<ArmedChange> {
  const child = spawn("ipset", ["restore"]);
  const ended = child.output();
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
    if (code !== 0) throw failureOf(["ipset", "restore"], code, new TextDecoder().decode(stderr));
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
 * Runs commands of which some print, in one process.
 *
 * @throws {ToolFailure} if any of them failed
 */
export async function converse(text: string): Promise<string> {
  const { code, stdout, stderr } = await tryTool("ipset", ["-"], { stdin: text });
  // In this mode ipset goes on after an error, and ends with 0.
  if (code !== 0 || stderr !== "") throw failureOf(["ipset", "-"], code, stderr);
  return stdout.replaceAll("ipset> ", "");
}

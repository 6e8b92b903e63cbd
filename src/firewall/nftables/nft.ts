import { failureOf, ToolFailure } from "../../os/tool_failure.ts";
import type { Result } from "../../os/child.ts";
import { tryTool } from "../../os/tool.ts";

/** Long enough for a million elements, and for another tool that loads as many. */
const TRANSACTION_MS = 120_000;
const QUESTION_MS = 10_000;

/**
 * Listings show moments as local time, which a change of the machine's zone or of its season would
 * change; and an interactive nft writes every line to its history at home, ports and all.
 */
export const NFT_VARIABLES = { TZ: "UTC0", HOME: "/nonexistent" };

/**
 * Has the kernel take all of a text, or none of it.
 *
 * @throws {ToolFailure} with the first complaint of nft
 */
export async function transact(text: string): Promise<void> {
  await runNft(["-f", "-"], text, TRANSACTION_MS);
}

/**
 * Has the kernel try whether it would take all of a text, and take nothing.
 *
 * @throws {ToolFailure} if it would not
 */
export async function rehearse(text: string): Promise<void> {
  await runNft(["-c", "-f", "-"], text, QUESTION_MS);
}

/**
 * Asks nft something.
 *
 * @throws {ToolFailure} if it does not answer, or not well
 */
export async function ask(args: readonly string[], patienceMs = QUESTION_MS): Promise<string> {
  return await runNft(args, undefined, patienceMs);
}

async function runNft(
  args: readonly string[],
  stdin: string | undefined,
  timeout: number,
): Promise<string> {
  const result = await tryTool("nft", args, {
    ...(stdin === undefined ? {} : { stdin }),
    timeout,
    env: NFT_VARIABLES,
  });
  if (result.code === 0) return result.stdout;
  throw complaint(args, result);
}

function complaint(args: readonly string[], { code, stderr }: Result): ToolFailure {
  // Behind the first line it quotes what it was given, which may be a megabyte of addresses.
  const said = stderr.split("\n").filter((line) => /Error:|error:/.test(line)).slice(0, 1).join("");
  return failureOf(["nft", ...args], code, said === "" ? stderr.slice(0, 400) : said);
}

/** Whether a failure means that a set is full. */
export function isFull(error: unknown): boolean {
  return error instanceof ToolFailure &&
    /Too many open files in system|No space left|set is full/i.test(error.message);
}

/** Whether a failure means that something is not there. */
export function isAbsent(error: unknown): error is ToolFailure {
  return error instanceof ToolFailure && /No such file or directory/.test(error.message);
}

import { C3poError } from "./errors.ts";
import { os } from "./host.ts";
import { outcomeOf, shareGroup, spawn } from "./child.ts";

/**
 * Lets tools share the process group of this process if no terminal can interrupt it, as in a service. To
 * start them so takes a third of the time: a group of its own has Deno copy this process first.
 */
export async function settleToolGroup(): Promise<void> {
  if (os !== "linux") return;
  if ([Deno.stdin, Deno.stdout, Deno.stderr].some((each) => each.isTerminal())) return;
  try {
    const cat = spawn("cat", ["/proc/self/stat"], { stdin: "null", detached: false });
    if (!hasTerminal((await outcomeOf(cat)).stdout)) shareGroup();
  } catch (error) {
    if (!(error instanceof C3poError)) throw error; // then it stays as it is, which is always right
  }
}

/**
 * Whether a process has a terminal whose Ctrl-C it gets, wherever its streams lead.
 *
 * @param stat the line of `/proc/PID/stat`: `PID (NAME) STATE PARENT GROUP SESSION TERMINAL …`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(hasTerminal("7 (a) b) S 1 7 7 34816 7 4194560"), true);
 * assertEquals(hasTerminal("7 (a) b) S 1 7 7 0 -1 4194560"), false);
 * ```
 */
export function hasTerminal(stat: string): boolean {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[4] !== "0";
}

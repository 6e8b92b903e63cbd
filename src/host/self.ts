import { fromFileUrl } from "./path.ts";
import { tryTool } from "./tool.ts";

/**
 * The command that runs this very program again, to be followed by its arguments. Where Deno may not
 * be run as a whole, only the installed command can be.
 */
export function ownCommand(): [string, ...string[]] {
  if (Deno.build.standalone) return [Deno.execPath()];
  const { state } = Deno.permissions.querySync({ name: "run", command: Deno.execPath() });
  if (state !== "granted") return ["c3po"];
  return [Deno.execPath(), "run", "--no-prompt", "-A", fromFileUrl(Deno.mainModule)];
}

/** The process that started this one; 1 or a stranger once that one is gone. */
export function parentProcess(): number {
  return Deno.ppid;
}

/**
 * Ends a process at once, whatever it does. Through a tool, since Deno lets only a program with every
 * permission do so.
 */
export async function killProcess(pid: number): Promise<void> {
  await tryTool("kill", ["-KILL", String(pid)]);
}

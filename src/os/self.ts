import { os } from "./host.ts";
import { fromFileUrl } from "./path.ts";
import { shellCommand } from "./shell.ts";
import { tryTool } from "./tool.ts";

/** The program that a process is, by a path that only this process reads so. */
export const ITSELF = "/proc/self/exe";

/** The command that runs this very program again, to be followed by its arguments. */
export function ownCommand(): [string, ...string[]] {
  if (Deno.build.standalone) return [Deno.execPath()];
  if (isAllowed(Deno.execPath())) {
    return [Deno.execPath(), "run", "--no-prompt", "-A", fromFileUrl(Deno.mainModule)];
  }
  return [fromFileUrl(new URL("../../bin/c3po", Deno.mainModule))]; // as build/local.ts lays it out
}

/** That command for a shell of another program: in full, for cron and services have a PATH of their own. */
export function ownCommandLine(): string {
  return ownCommand().map(quoted).join(" ");
}

/** A word as the shell of this system reads it back. */
export function quoted(word: string): string {
  if (os !== "windows") return shellCommand([word]);
  return /^[\w@+=:,./-]+$/.test(word) ? word : `"${word}"`;
}

/** The same, for this process to run. A compiled program may start itself, but no file of its name. */
export function ownProcess(): [string, ...string[]] {
  return Deno.build.standalone ? [ITSELF] : ownCommand();
}

function isAllowed(command: string): boolean {
  return Deno.permissions.querySync({ name: "run", command }).state === "granted";
}

/** The number of this process. */
export function ownPid(): number {
  return Deno.pid;
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

import { fromFileUrl } from "@std/path";

/** The command that runs this very program again, to be followed by its arguments. */
export function ownCommand(): [string, ...string[]] {
  return Deno.build.standalone
    ? [Deno.execPath()]
    : [Deno.execPath(), "run", "--no-prompt", "-A", fromFileUrl(Deno.mainModule)];
}

/** The process that started this one; 1 or a stranger once that one is gone. */
export function parentProcess(): number {
  return Deno.ppid;
}

/** Ends a process at once, whatever it does. One that is gone is no error. */
export function killProcess(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

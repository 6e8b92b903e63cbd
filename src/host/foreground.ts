import { os } from "./host.ts";
import { missing } from "./tool.ts";

/** What the keyboard sends to the whole foreground group: the child's business, not ours. */
const FROM_KEYBOARD: readonly Deno.Signal[] = ["SIGINT", "SIGQUIT"];
/** What is sent to us alone, and means the child. */
const FORWARDED: readonly Deno.Signal[] = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"];

/** How a program in the foreground ended. */
export interface Ending {
  /** Its exit code; 128 and the number of the signal if one ended it. */
  readonly code: number;
  /** Whether somebody told us, and so it, to end. */
  readonly told: boolean;
}

/**
 * Runs a program in our place: it has our streams, our terminal and our signals, and we do nothing
 * but wait for its end.
 *
 * @throws {Failure} if there is no such program
 */
export async function runInForeground(tool: string, args: readonly string[]): Promise<Ending> {
  let told = false;
  const handlers = new Map<Deno.Signal, () => void>();
  let child: Deno.ChildProcess | null = null;
  const send = (signal: Deno.Signal): void => {
    try {
      child?.kill(signal);
    } catch (error) {
      // It ended a moment ago; we are about to hear of it.
      if (!(error instanceof Deno.errors.NotFound || error instanceof TypeError)) throw error;
    }
  };
  if (os === "windows") {
    handlers.set("SIGINT", () => {});
  } else {
    for (const signal of FROM_KEYBOARD) handlers.set(signal, () => {});
    for (const signal of FORWARDED) {
      handlers.set(signal, () => {
        told = true;
        send(signal);
      });
    }
    handlers.set("SIGCONT", () => send("SIGCONT"));
    handlers.set("SIGCHLD", stopper(() => child?.pid));
  }
  // Before the child is there, so that no signal can fall between.
  for (const [signal, handler] of handlers) Deno.addSignalListener(signal, handler);
  try {
    child = new Deno.Command(tool, {
      args: [...args],
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
    return { code: (await child.status).code, told };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw missing(tool);
    throw error;
  } finally {
    for (const [signal, handler] of handlers) Deno.removeSignalListener(signal, handler);
  }
}

/** The look at the child is itself a process whose end is announced, a moment later at most. */
const ECHO_MS = 50;

/**
 * Handles the news that a child changed its state: stops us where it stopped itself (`~^Z` in ssh),
 * since the shell waits for us alone and would never notice. We go on, and it with us, at SIGCONT.
 */
function stopper(pid: () => number | undefined): () => void {
  let looking = false;
  let deafUntil = 0;
  return async () => {
    const child = pid();
    if (child === undefined || looking || performance.now() < deafUntil) return;
    looking = true;
    if (await isStopped(child)) Deno.kill(Deno.pid, "SIGSTOP");
    looking = false;
    deafUntil = performance.now() + ECHO_MS;
  };
}

async function isStopped(pid: number): Promise<boolean> {
  try {
    const ps = new Deno.Command("ps", { args: ["-o", "stat=", "-p", String(pid)], stderr: "null" });
    return new TextDecoder().decode((await ps.output()).stdout).startsWith("T");
  } catch (error) {
    // Without ps the only loss is that the shell does not notice.
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

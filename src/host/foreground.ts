import { os } from "./host.ts";
import { pause } from "./timer.ts";
import { toolEnvironment } from "./tool.ts";
import { notStarted } from "./tool_failure.ts";

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
  const shadow = new Shadow();
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
    handlers.set("SIGCONT", () => {
      shadow.woken();
      send("SIGCONT");
    });
    handlers.set("SIGCHLD", () => void shadow.changed());
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
    const { code } = await child.status;
    return { code, told };
  } catch (error) {
    throw notStarted(tool, error);
  } finally {
    shadow.over();
    for (const [signal, handler] of handlers) Deno.removeSignalListener(signal, handler);
  }
}

/** Milliseconds within which several pieces of news about a child are one event. */
const SETTLE_MS = 50;

/**
 * Stops us when a child stopped itself (`~^Z` in ssh), since the shell waits for us alone and would
 * never notice. The shell's SIGCONT then wakes both. A signal does not say what became of a child:
 * one that has not ended, and was not woken just now, has stopped.
 */
class Shadow {
  #woken = -Infinity;
  #over = false;

  woken(): void {
    this.#woken = performance.now();
  }

  /** The child has ended. */
  over(): void {
    this.#over = true;
  }

  async changed(): Promise<void> {
    await pause(SETTLE_MS);
    if (this.#over || performance.now() - this.#woken < 2 * SETTLE_MS) return;
    // By a program: Deno 2.4 may signal only where it may run everything, be it to itself.
    await new Deno.Command("kill", { args: ["-STOP", String(Deno.pid)], ...toolEnvironment() })
      .output();
  }
}

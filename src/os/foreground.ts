import { os } from "./host.ts";
import { startSsh } from "./start_ssh.ts";
import { pause } from "./timer.ts";
import { toolEnvironment } from "./child.ts";

/** What the keyboard sends to the whole foreground group: the child's business, not ours. */
const FROM_KEYBOARD: readonly Deno.Signal[] = ["SIGINT", "SIGQUIT"];
/** What is sent to us alone, and means the child. */
const FORWARDED: readonly Deno.Signal[] = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"];

/** How a program in the foreground ended. */
export interface Ending {
  /** Its exit code; 128 and the number of the signal if one ended it. */
  readonly code: number;
  /** Whether a signal told us, and so the child, to end. */
  readonly told: boolean;
}

/** The exit code by which ssh says that something is wrong, unless a remote command says it. */
export const SSH_FAILED = 255;

/**
 * Runs ssh in our place: it has our streams, our terminal and our signals, and we do nothing but
 * wait for its end.
 *
 * @throws {Failure} if there is no ssh, or it is a script that runs us again
 */
export async function runInForeground(args: readonly string[]): Promise<Ending> {
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
    for (const signal of FROM_KEYBOARD) {
      handlers.set(signal, () => {
        told = true;
      });
    }
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
    child = await startSsh((how) =>
      new Deno.Command("ssh", {
        args: [...args],
        stdin: "inherit",
        stdout: "inherit",
        stderr: "inherit",
        ...how,
      }).spawn()
    );
    const { code } = await child.status;
    shadow.over();
    // A log-out signals us both at once: ssh's end may be known before our own signal is.
    if (code === SSH_FAILED && !told) await pause(SIGNAL_MS);
    return { code, told };
  } finally {
    shadow.over();
    for (const [signal, handler] of handlers) Deno.removeSignalListener(signal, handler);
  }
}

/** Milliseconds in which a signal that was sent to us as well has reached our handlers. */
const SIGNAL_MS = 100;

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

/** Milliseconds in which a parent that a signal ends has ended. */
const DYING_MS = 200;

/**
 * Lives on when a terminal ends or its user types Ctrl-C, as long as the ssh that started us does: it
 * may be one that ignores both (nohup, a job of a script), which Deno would undo for us.
 */
export function surviveTerminal(): void {
  if (os === "windows" || Deno.stdin.isTerminal()) return;
  const parent = Deno.ppid;
  const endWithParent = async (): Promise<void> => {
    await pause(DYING_MS);
    if (Deno.ppid !== parent) Deno.exit(SSH_WAS_STOPPED);
  };
  for (const signal of ["SIGHUP", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => void endWithParent());
  }
}

/** As a shell has it for a program that Ctrl-C ended. */
const SSH_WAS_STOPPED = 130;

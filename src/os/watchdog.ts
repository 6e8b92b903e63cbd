import { TextLineStream } from "@std/streams/text-line-stream";
import { Failure } from "./errors.ts";
import { spawnOwn } from "./own_run.ts";
import { after, within } from "./timer.ts";

/** What the watchdog says once it waits. */
export const READY = "ready";
/** What it is told when there is nothing left to watch over. */
export const ALL_IS_WELL = "all is well";

/** A process of its own that acts when this one dies, or does not end in time. */
export interface Watchdog {
  /** Tells it that all is well, and waits until it has gone. */
  dismiss(): Promise<void>;
}

const READY_MS = 20_000;

/**
 * Starts this program once more, as one that waits for our end: its standard input closes with us,
 * however we end. It stands in a session of its own, where no Ctrl-C and no hang-up reaches it.
 *
 * @param args what it is to be run with
 * @throws {Failure} if it does not start
 */
export async function startWatchdog(args: readonly string[]): Promise<Watchdog> {
  const child = start(args);
  const lines: ReadableStream<string> = child.stdout.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  const callOff = after(READY_MS, () => child.kill("SIGKILL"));
  const { value } = await lines.getReader().read();
  callOff();
  if (value !== READY) throw notStarted("it does not answer");
  return {
    dismiss: async () => {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(`${ALL_IS_WELL}\n`)).catch(() => {});
      await writer.close().catch(() => {});
      await child.status;
    },
  };
}

function start(args: readonly string[]): Deno.ChildProcess {
  try {
    return spawnOwn(args, { stdin: "piped", stdout: "piped", stderr: "inherit" });
  } catch (error) {
    throw error instanceof Failure ? notStarted(error.message) : error;
  }
}

function notStarted(why: string): Failure {
  return new Failure(`the rollback watchdog does not start: ${why}`, {
    hint: "run serve without --try, from a console",
  });
}

/**
 * The watchdog's side: waits for the word of the process it watches over.
 *
 * @returns whether that one said that all is well, and did not just end or let the time pass
 */
export async function awaitVerdict(milliseconds: number): Promise<"well" | "dead" | "late"> {
  await Deno.stdout.write(new TextEncoder().encode(`${READY}\n`));
  const word = async (): Promise<"well" | "dead"> => {
    const bytes = new Uint8Array(64);
    const count = await Deno.stdin.read(bytes).catch(() => null);
    const text = new TextDecoder().decode(bytes.subarray(0, count ?? 0));
    return text.startsWith(ALL_IS_WELL) ? "well" : "dead";
  };
  return await within(word(), milliseconds) ?? "late";
}

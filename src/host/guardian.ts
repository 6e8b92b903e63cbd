import { TextLineStream } from "@std/streams/text-line-stream";
import { Failure } from "../core/errors.ts";
import { ownProcess } from "./self.ts";
import { after, within } from "./timer.ts";

/** What the guardian says once it is on watch. */
export const ON_WATCH = "on watch";
/** What it is told when there is nothing left to watch over. */
export const ALL_IS_WELL = "all is well";

/** A process of its own that acts when this one dies, or does not end in time. */
export interface Guardian {
  /** Tells it that all is well, and waits until it has gone. */
  dismiss(): Promise<void>;
}

const READY_MS = 20_000;

/**
 * Starts this program once more, as one that waits for our end: its standard input closes with us,
 * however we end. It stands in a session of its own, where no Ctrl-C and no hang-up reaches it.
 *
 * @param args what it is to be run with
 * @throws {Failure} if it does not get to its post
 */
export async function postGuardian(args: readonly string[]): Promise<Guardian> {
  const child = spawnOwn(args);
  const lines: ReadableStream<string> = child.stdout.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  const callOff = after(READY_MS, () => child.kill("SIGKILL"));
  const { value } = await lines.getReader().read();
  callOff();
  if (value !== ON_WATCH) throw notPosted("it does not answer");
  return {
    dismiss: async () => {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(`${ALL_IS_WELL}\n`)).catch(() => {});
      await writer.close().catch(() => {});
      await child.status;
    },
  };
}

function spawnOwn(args: readonly string[]): Deno.ChildProcess {
  const [command, ...first] = ownProcess();
  try {
    return new Deno.Command(command, {
      args: [...first, ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
      detached: true,
    }).spawn();
  } catch (error) {
    throw notPosted(`${command}: ${(error as Error).message}`);
  }
}

function notPosted(why: string): Failure {
  return new Failure(`the process that would roll back does not start: ${why}`, {
    hint: "run serve without --try, from a console",
  });
}

/**
 * The guardian's side: waits for the word of the process it watches over.
 *
 * @returns whether that one said that all is well, and did not just end or let the time pass
 */
export async function keepWatch(milliseconds: number): Promise<"well" | "dead" | "late"> {
  await Deno.stdout.write(new TextEncoder().encode(`${ON_WATCH}\n`));
  const word = async (): Promise<"well" | "dead"> => {
    const bytes = new Uint8Array(64);
    const count = await Deno.stdin.read(bytes).catch(() => null);
    const text = new TextDecoder().decode(bytes.subarray(0, count ?? 0));
    return text.startsWith(ALL_IS_WELL) ? "well" : "dead";
  };
  return await within(word(), milliseconds) ?? "late";
}

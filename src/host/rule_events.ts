import { TextLineStream } from "@std/streams/text-line-stream";
import { killChild, spawn } from "./tool.ts";
import { ToolFailure } from "./tool_failure.ts";

/**
 * Tells whenever rules change in this network namespace, whoever changes them. `xtables-monitor` is
 * part of iptables and hears of every change that goes through nf_tables; it writes for a terminal,
 * so `stdbuf` keeps its words from waiting in a buffer. It is to show the rules of IPv4 alone: that
 * something changed it tells of all families, but as of version 1.8.9 it ends with an error when it
 * has to show a rule of `ip6tables --syn`.
 *
 * @param changed told of each change, with the program that made it where that is known
 * @returns when the monitor has ended; at once where there is none, as with the legacy backend
 */
export async function watchRules(
  changed: (by: string | null) => void,
  signal: AbortSignal,
): Promise<void> {
  let child: Deno.ChildProcess;
  try {
    child = spawn("stdbuf", ["-oL", "xtables-monitor", "--event", "--ipv4"], false);
  } catch (error) {
    if (error instanceof ToolFailure) return;
    throw error;
  }
  child.stderr.cancel().catch(() => {});
  const output: ReadableStream<string> = child.stdout
    .pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  const lines = output.getReader();
  const end = (): void => {
    killChild(child);
    // A process that it left behind would keep its output open.
    lines.cancel().catch(() => {});
  };
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  for (;;) {
    const { value, done } = await lines.read();
    if (done) break;
    changed(/^NEWGEN: .* NAME=(\S+)/.exec(value.trim())?.[1] ?? null);
  }
  signal.removeEventListener("abort", end);
  killChild(child);
  await child.status;
}

import { linesOf } from "./lines.ts";
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
    child = spawn("stdbuf", ["-oL", "xtables-monitor", "--event", "--ipv4"], { stdin: "null" });
  } catch (error) {
    if (error instanceof ToolFailure) return;
    throw error;
  }
  child.stderr.cancel().catch(() => {});
  const end = (): void => killChild(child);
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  // Not until the end of its output: a process that it left behind would keep that open.
  for await (const lines of linesOf(child.stdout, signal)) {
    for (const line of lines) changed(/^NEWGEN: .* NAME=(\S+)/.exec(line.trim())?.[1] ?? null);
  }
  signal.removeEventListener("abort", end);
  killChild(child);
  await child.status;
}

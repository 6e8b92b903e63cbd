import { linesOf } from "../../os/lines.ts";
import { isOwnChild, killChild, spawn } from "../../os/child.ts";
import { tryTool } from "../../os/tool.ts";
import { ToolFailure } from "../../os/tool_failure.ts";

const MONITOR = ["stdbuf", "-oL", "xtables-monitor", "--event", "--ipv4"];
/** Has the kernel end what follows together with this process: the monitor reads nothing that could tell it. */
const LEASH = ["--pdeathsig", "KILL"];

/** That, where there is a program for it. */
async function leash(): Promise<readonly string[]> {
  try {
    return (await tryTool("setpriv", [...LEASH, "true"])).code === 0 ? ["setpriv", ...LEASH] : [];
  } catch (error) {
    if (error instanceof ToolFailure) return [];
    throw error;
  }
}

/**
 * Reports every change of rules in this network namespace, by any process. `xtables-monitor` is
 * part of iptables and hears of every change that goes through nf_tables; it writes for a terminal,
 * so `stdbuf` keeps its words from waiting in a buffer. It is to show the rules of IPv4 alone: that
 * something changed it tells of all families, but as of version 1.8.9 it ends with an error when it
 * has to show a rule of `ip6tables --syn`.
 *
 * What programs do that were started here, such as each change of a set by `nft`, is not told.
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
    const [tool, ...args] = [...await leash(), ...MONITOR];
    child = spawn(tool!, args, { stdin: "null" });
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
    for (const line of lines) {
      const [, pid, name = null] = /^NEWGEN: .*PID=(\d+) NAME=(\S+)/.exec(line.trim()) ?? [];
      if (!isOwnChild(Number(pid))) changed(name);
    }
  }
  signal.removeEventListener("abort", end);
  killChild(child);
  await child.status;
}

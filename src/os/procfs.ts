import { runTool, tryTool } from "./tool.ts";
import { failureOf, ToolFailure } from "./tool_failure.ts";

/** A busy machine takes its time even over a small file. */
const PATIENCE_MS = 10_000;

/** What Linux gives unless told otherwise. */
const USUAL_OPEN_FILES = 1024;

/** How many files a process like this one may have open. */
export async function openFilesLimit(): Promise<number> {
  try {
    // Of the process that reads it: limits are inherited.
    const [, soft] = /^Max open files +(\d+)/m.exec(await readProc("/proc/self/limits")) ?? [];
    return Number(soft ?? USUAL_OPEN_FILES);
  } catch (error) {
    if (error instanceof ToolFailure) return USUAL_OPEN_FILES;
    throw error;
  }
}

/** Whether this machine (or network namespace) has IPv6. */
export async function hasIpv6(): Promise<boolean> {
  return (await readProc("/proc/net/if_inet6")) !== "";
}

/** Whether the kernel looks for the socket of a packet before it is delivered. */
export async function hasEarlyDemux(): Promise<boolean> {
  const names = ["ip_early_demux", "tcp_early_demux"];
  return !(await readProc(...names.map((name) => `/proc/sys/net/ipv4/${name}`))).includes("0");
}

/** The kernel's own number for the namespace of control groups that the machine starts with. */
const FIRST_CGROUP_NAMESPACE = "cgroup:[4026531835]";

/** Whether the root of control groups, as this process sees it, is that of the whole machine. */
export async function seesAllCgroups(): Promise<boolean> {
  const { stdout } = await tryTool("readlink", ["/proc/self/ns/cgroup"], { timeout: PATIENCE_MS });
  return stdout.trim() === FIRST_CGROUP_NAMESPACE;
}

/** What tells one network namespace from another. */
export async function networkNamespace(): Promise<string> {
  return await networkNamespaceOf("self");
}

/**
 * The network namespace of a process.
 *
 * @throws {ToolFailure} if there is no process of that number
 */
export async function networkNamespaceOf(pid: number | "self"): Promise<string> {
  const link = await runTool("readlink", [`/proc/${pid}/ns/net`], { timeout: PATIENCE_MS });
  return link.replace(/\D/g, "");
}

/**
 * Reads files of the kernel; those that are missing are skipped. Through `cat`, because Deno lets
 * only a program with every permission read below /proc.
 *
 * @throws {ToolFailure} if that fails for any other reason: nothing read is not nothing there
 */
export async function readProc(...paths: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await tryTool("cat", paths, { timeout: PATIENCE_MS });
  const complaints = stderr.split("\n").filter((line) => line !== "");
  const harmless = complaints.every((line) =>
    /: (No such file or directory|No such process|Invalid argument)(?: \(os error \d+\))?$/.test(
      line,
    )
  );
  if (code === 0 || (harmless && complaints.length > 0)) return stdout;
  throw failureOf(["cat", ...paths], code, stderr);
}

import { hasConnections, listeners, type Session, sessionsOf } from "../core/sockets.ts";
import { runTool, tryTool } from "./tool.ts";
import { failureOf, ToolFailure } from "./tool_failure.ts";

const PATIENCE_MS = 2000;

/**
 * The ports that something on this machine listens on for connections from outside. Empty where
 * there is no /proc.
 */
export async function listeningPorts(): Promise<Set<number>> {
  return listeners(await readSockets());
}

/** The connections from other machines to a port of this one. */
export async function sessionsAt(port: number): Promise<Session[]> {
  return sessionsOf(await readSockets(), port);
}

/** The kernel's tables of TCP sockets. */
export async function readSockets(): Promise<string> {
  return await readProc("/proc/net/tcp", "/proc/net/tcp6");
}

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

/** Whether anybody from outside has a connection to a local port. */
export async function isConnected(port: number): Promise<boolean> {
  return hasConnections(await readSockets(), port);
}

/** Whether this machine (or network namespace) has IPv6. */
export async function hasIpv6(): Promise<boolean> {
  return (await readProc("/proc/net/if_inet6")) !== "";
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
    /: (No such file or directory|No such process|Invalid argument)$/.test(line)
  );
  if (code === 0 || (harmless && complaints.length > 0)) return stdout;
  throw failureOf(["cat", ...paths], code, stderr);
}

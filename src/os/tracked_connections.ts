import { parseAddress } from "./address.ts";
import { readProc } from "./procfs.ts";
import { runTool } from "./tool.ts";
import { ToolFailure } from "./tool_failure.ts";

/** A connection that the kernel tracks, as far as it tells where a redirected one came in. */
export interface TrackedConnection {
  /** Where it comes from. */
  readonly address: string;
  readonly remotePort: number;
  /** The port that was asked for. */
  readonly askedPort: number;
  /** The port that answers. */
  readonly port: number;
}

/** A busy machine tracks a hundred thousand connections. */
const PATIENCE_MS = 30_000;

/**
 * The TCP connections that the kernel tracks, from a file that most kernels have, else by the tool that
 * asks the kernel.
 *
 * @returns null if neither is there
 */
export async function trackedConnections(): Promise<TrackedConnection[] | null> {
  const text = await readProc("/proc/net/nf_conntrack");
  if (text !== "") return trackedIn(text);
  try {
    const args = ["-L", "-p", "tcp"];
    const families = ["ipv4", "ipv6"].map((family) =>
      runTool("conntrack", [...args, "-f", family], { timeout: PATIENCE_MS })
    );
    return (await Promise.all(families)).flatMap(trackedIn);
  } catch (error) {
    if (error instanceof ToolFailure) return null;
    throw error;
  }
}

/** One direction of a connection. */
const TUPLE = /src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/g;

/**
 * Reads what either of them prints, a connection a line, the direction in which it began first.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const line = "ipv4     2 tcp      6 431999 ESTABLISHED src=192.0.2.7 dst=192.0.2.1 sport=51000 " +
 *   "dport=4711 src=192.0.2.1 dst=192.0.2.7 sport=22 dport=51000 [ASSURED] mark=0 use=2";
 * assertEquals(trackedIn(line), [
 *   { address: "192.0.2.7", remotePort: 51000, askedPort: 4711, port: 22 },
 * ]);
 * ```
 */
export function trackedIn(text: string): TrackedConnection[] {
  return text.split("\n").flatMap((line): TrackedConnection[] => {
    if (!/\btcp\b/.test(line)) return [];
    const [there, back] = [...line.matchAll(TUPLE)];
    if (there === undefined || back === undefined) return [];
    const [, source, , remotePort, askedPort] = there;
    return [{
      address: parseAddress(source!).text,
      remotePort: Number(remotePort),
      askedPort: Number(askedPort),
      port: Number(back[3]),
    }];
  });
}

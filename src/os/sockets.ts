import {
  type Listeners,
  listenersOf,
  printedDatagramPorts,
  printedSockets,
  type Session,
  sessionsOf,
  shownSockets,
  type TcpSocket,
} from "./socket_tables.ts";
import { readProc } from "./procfs.ts";
import { runTool } from "./tool.ts";
import { ToolFailure } from "./tool_failure.ts";

const PATIENCE_MS = 2000;
/** A busy machine with many connections takes its time, and `ss` has the least to do there. */
const BUSY_MS = 10_000;

/**
 * Who listens for connections from outside. The kernel walks through its listeners alone for that: with
 * a hundred thousand connections it would take seconds to walk through those.
 */
export async function listeningPorts(): Promise<Listeners> {
  return listenersOf(await listeningSockets());
}

/** The sockets that listen. */
export async function listeningSockets(): Promise<TcpSocket[]> {
  return await socketsBy(["-Htnle"]);
}

/** The connections from other machines to a port of this one. */
export async function sessionsAt(port: number): Promise<Session[]> {
  const filter = ["-Htn", "state", "established", `( sport = :${port} )`];
  return sessionsOf(await socketsBy(filter), port);
}

/**
 * Ends a connection, as if its line had been cut: both ends learn of it.
 *
 * @param session as {@linkcode sessionsAt} found it
 * @returns whether the kernel did; one that is gone has not been ended
 */
export async function endSession({ id }: Session, port: number): Promise<boolean> {
  const [address, remotePort] = id.split(" ") as [string, string];
  const there = address.includes(":") ? `[${address}]:${remotePort}` : `${address}:${remotePort}`;
  const args = ["-KHtn", "dst", there, "sport", "=", `:${port}`];
  return (await runTool("ss", args, { timeout: PATIENCE_MS })).trim() !== "";
}

/** Whether there is a connection from outside to a port of this machine. */
export async function isConnected(port: number): Promise<boolean> {
  return (await sessionsAt(port)).length > 0;
}

/** The ports that take datagrams from outside; those of the kernel's own services are among them. */
export async function datagramPorts(): Promise<ReadonlySet<number>> {
  return printedDatagramPorts(await readProc("/proc/net/udp", "/proc/net/udp6"));
}

/** `ss` of iproute2; where it is missing or fails, the tables that every machine has. */
async function socketsBy(args: readonly string[]): Promise<TcpSocket[]> {
  const ask = async (timeout: number): Promise<TcpSocket[]> => [
    ...shownSockets(await runTool("ss", args, { timeout })),
  ];
  try {
    return await ask(PATIENCE_MS);
  } catch (error) {
    if (!(error instanceof ToolFailure)) throw error;
    try {
      return [...printedSockets(await readProc("/proc/net/tcp", "/proc/net/tcp6"))];
    } catch (unread) {
      if (!(unread instanceof ToolFailure) || error.isMissing) throw unread;
      return await ask(BUSY_MS);
    }
  }
}

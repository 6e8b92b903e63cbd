import { printable } from "./printable.ts";
import { after } from "./timer.ts";

/** A TCP connection. */
export type Connection = Deno.TcpConn;

/** Why a port could not be connected to. */
export type Refusal =
  /** Connection refused: the host is up, the port is closed. */
  | "refused"
  /** A router, or a firewall that speaks like one, answered for the host. */
  | "unreachable"
  /** This machine has no way there. */
  | "no network"
  /** The name has no address. */
  | "unknown host"
  /** No answer in the time given. */
  | "silent";

/**
 * Connects to a port, over IPv6 or IPv4, whichever answers first.
 *
 * @param signal ends the attempt
 * @returns the connection, or why there is none
 */
export async function dial(
  hostname: string,
  port: number,
  signal: AbortSignal,
): Promise<Connection | Refusal> {
  try {
    return await Deno.connect({ hostname, port, signal });
  } catch (error) {
    if (signal.aborted) return "silent";
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ETIMEDOUT") return "silent";
    if (code === "EHOSTUNREACH") return "unreachable";
    if (code === "ENETUNREACH") return "no network";
    // Only a failed look-up has no code.
    if (code === undefined && error instanceof Error) return "unknown host";
    return "refused";
  }
}

/** Whether {@linkcode dial} connected. */
export function isOpen(answer: Connection | Refusal): answer is Connection {
  return typeof answer !== "string";
}

/** Milliseconds for a server that took the connection to say something. */
const GREETING_MS = 5_000;

/**
 * The first line a server says, without its end; closes the connection.
 *
 * @returns null if it says nothing in time, or hangs up
 */
export async function greetingOf(conn: Connection): Promise<string | null> {
  const bytes = new Uint8Array(255); // the most that RFC 4253 gives this line
  let length = 0;
  const callOff = after(GREETING_MS, () => conn.close());
  try {
    while (length < bytes.length && !bytes.subarray(0, length).includes(0x0a)) {
      const count = await conn.read(bytes.subarray(length));
      if (count === null) break;
      length += count;
    }
    conn.close();
  } catch {
    // It hung up, or we did: what came so far counts.
  } finally {
    callOff();
  }
  const [line] = new TextDecoder().decode(bytes.subarray(0, length)).split("\n");
  return printable(line!) || null;
}

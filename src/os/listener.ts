import { Failure } from "./errors.ts";
import { pause } from "./timer.ts";

/** An accepted connection. */
export interface Connection {
  /** The address the connection comes from, as the kernel spells it. */
  readonly address: string;
  /** @throws if the other side is gone */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Waits until the other side sends something, and forgets it.
   *
   * @returns whether there may be more
   * @throws if the other side is gone
   */
  read(): Promise<boolean>;
  close(): void;
}

/** A socket that takes connections. */
export interface Listener {
  readonly port: number;
  /** Ends when the socket is closed. */
  readonly connections: AsyncIterable<Connection>;
  /** Closing twice is closing once. */
  readonly close: () => void;
}

/**
 * Listens on all addresses of both families; of IPv4 alone where there is no IPv6.
 *
 * @param preferred the preferred port; if it is in use, the kernel picks one
 */
export function listenAnywhere(preferred: number): Listener {
  const listener = listenOn(preferred) ?? listenOn(0);
  if (listener === null) throw new Failure("no free port for the tarpit");
  let open = true;
  return {
    port: listener.addr.port,
    connections: connectionsOf(listener),
    close: () => {
      if (open) listener.close();
      open = false;
    },
  };
}

function listenOn(port: number): Deno.TcpListener | null {
  for (const hostname of ["::", "0.0.0.0"]) {
    try {
      return Deno.listen({ hostname, port });
    } catch (error) {
      if (error instanceof Deno.errors.AddrInUse) return null;
      if (hostname === "0.0.0.0") throw error;
    }
  }
  return null;
}

async function* connectionsOf(listener: Deno.TcpListener): AsyncGenerator<Connection> {
  for (;;) {
    let conn: Deno.TcpConn;
    try {
      conn = await listener.accept();
    } catch (error) {
      if (error instanceof Deno.errors.BadResource) return; // closed
      if (error instanceof Deno.errors.Interrupted) return;
      // One that left while it waited is none of the others' business; without descriptors all must wait.
      if (!isGone(error)) await pause(100);
      continue;
    }
    yield {
      // Link-local addresses carry the name of their interface behind a percent sign.
      address: conn.remoteAddr.hostname.replace(/%.*$/, ""),
      write: async (bytes) => {
        for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
      },
      read: async () => await conn.read(new Uint8Array(512)) !== null,
      close: () => {
        try {
          conn.close();
        } catch {
          // Closed already by the other side's leaving.
        }
      },
    };
  }
}

/** What a server without a banner of its own would say. */
export const DEFAULT_BANNER = "SSH-2.0-OpenSSH_9.6";

/** Whether a connection was reset before it was accepted. */
function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.ConnectionReset;
}

/** For how long a server that says nothing is listened to, in milliseconds. */
const LISTEN_MS = 1000;
/** The most that RFC 4253 gives the first line. */
const LONGEST_GREETING = 255;

/**
 * The first line that the server at a local port says, without its end.
 *
 * @param addresses of this machine, tried in turn
 * @returns null if nothing answers with a line within a second
 */
export async function bannerOf(
  port: number,
  addresses: readonly string[] = LOOPBACK,
): Promise<string | null> {
  for (const hostname of addresses) {
    const greeting = await hear(hostname, port);
    const [line] = new TextDecoder().decode(greeting ?? undefined).split(/\r?\n/);
    if (line) return line;
  }
  return null;
}

/**
 * What the server at a local port says within a second without having been asked anything, as far as its first
 * line goes.
 *
 * @param addresses of this machine, tried in turn
 * @returns empty if it waits for its client; null if nothing listens there
 */
export async function greetingOf(
  port: number,
  addresses: readonly string[] = LOOPBACK,
): Promise<Uint8Array | null> {
  for (const hostname of addresses) {
    const greeting = await hear(hostname, port);
    if (greeting !== null) return greeting;
  }
  return null;
}

const LOOPBACK = ["127.0.0.1", "::1"];

async function hear(hostname: string, port: number): Promise<Uint8Array | null> {
  const signal = AbortSignal.timeout(LISTEN_MS);
  const bytes = new Uint8Array(LONGEST_GREETING);
  let length = 0;
  let isConnected = false;
  try {
    using conn = await Deno.connect({ hostname, port, signal });
    isConnected = true;
    const giveUp = (): void => conn.close();
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      while (length < bytes.length && !bytes.subarray(0, length).includes(0x0a)) {
        const count = await conn.read(bytes.subarray(length));
        if (count === null) break;
        length += count;
      }
    } catch {
      // It has said all that it says.
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
    return bytes.slice(0, length);
  } catch {
    // Not listening at this address; or closed twice, when all has been heard.
    return isConnected ? bytes.slice(0, length) : null;
  }
}

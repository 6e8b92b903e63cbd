import type { Connection } from "./dial.ts";
import { Failure } from "./errors.ts";
import { pause } from "./timer.ts";

/** A socket that programs of this machine connect to. */
export interface LocalListener {
  readonly hostname: string;
  readonly port: number;
  /** Ends when the socket is closed. */
  readonly connections: AsyncIterable<Connection>;
  /** Closing twice is closing once. */
  readonly close: () => void;
}

/**
 * Listens at an address.
 *
 * @param port 0 for one that the kernel picks
 * @throws {Failure} if the port is in use, or this user may not
 */
export function listenAt(hostname: string, port: number): LocalListener {
  const listener = open(hostname, port);
  let isOpen = true;
  return {
    hostname,
    port: listener.addr.port,
    connections: connectionsOf(listener),
    close: () => {
      if (isOpen) listener.close();
      isOpen = false;
    },
  };
}

function open(hostname: string, port: number): Deno.TcpListener {
  try {
    return Deno.listen({ hostname, port });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const reason = REASONS.find(([type]) => error instanceof type)?.[1] ?? error.message;
    throw new Failure(`cannot listen on "${hostname}" port ${port}: ${reason}`, { cause: error });
  }
}

const REASONS: readonly [abstract new (...args: never[]) => Error, string][] = [
  [Deno.errors.AddrInUse, "the port is already in use"],
  [Deno.errors.AddrNotAvailable, "this machine has no such address"],
  [Deno.errors.PermissionDenied, "permission denied"],
];

async function* connectionsOf(listener: Deno.TcpListener): AsyncGenerator<Connection> {
  for (;;) {
    let conn: Connection;
    try {
      conn = await listener.accept();
    } catch (error) {
      if (error instanceof Deno.errors.BadResource) return; // closed
      if (error instanceof Deno.errors.Interrupted) return;
      // Who connected has left, or no descriptor is left: the next may fare better.
      await pause(100);
      continue;
    }
    yield conn;
  }
}

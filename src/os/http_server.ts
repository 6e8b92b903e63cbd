import { Failure } from "./errors.ts";

/** A server that answers HTTP requests. */
export interface HttpServer {
  /** Takes no more requests, and waits for those that are being answered. */
  close(): Promise<void>;
}

/**
 * Answers HTTP requests at an address and port until it is closed.
 *
 * @param what it serves and where, for the error
 * @throws {Failure} if it cannot listen there
 */
export function serveHttp(
  { hostname, port }: { readonly hostname: string; readonly port: number },
  what: string,
  answer: (request: Request) => Promise<Response>,
): HttpServer {
  try {
    const server = Deno.serve({ hostname, port, onListen: () => {} }, answer);
    return { close: () => server.shutdown() };
  } catch (error) {
    const why = error instanceof Deno.errors.AddrInUse
      ? "the port is already in use"
      : error instanceof Deno.errors.AddrNotAvailable
      ? "no interface of this machine has that address"
      : null;
    if (why === null) throw error;
    throw new Failure(`cannot serve ${what}: ${why}`, { cause: error });
  }
}

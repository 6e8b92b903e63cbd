import { parseAddress } from "../os/address.ts";
import { Malformed } from "../os/errors.ts";
import { parsePort } from "../schedule/ports.ts";

/** Where to listen. */
export interface Endpoint {
  readonly hostname: string;
  readonly port: number;
}

const LOOPBACK = "127.0.0.1";

/**
 * Reads where to listen: `127.0.0.1:9101`, `[::1]:9101`, or a port alone, which is one of loopback.
 *
 * @throws {Malformed} for anything else, names of hosts too
 */
export function parseEndpoint(text: string): Endpoint {
  const [, six, four, port] = /^(?:(?:\[([^\]]*)\]|([^[\]:]*)):)?(\d+)$/.exec(text) ?? [];
  if (port === undefined) {
    throw new Malformed(`"${text}" is not an address to listen on`, {
      hint: "write it as in 127.0.0.1:9101 or [::1]:9101",
    });
  }
  const address = six ?? four;
  return {
    hostname: address ? parseAddress(address).text : LOOPBACK,
    port: parsePort(port),
  };
}

/** Writes it as {@linkcode parseEndpoint} reads it. */
export function formatEndpoint({ hostname, port }: Endpoint): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** Whether only this machine itself can connect there. */
export function isLoopback({ hostname }: Endpoint): boolean {
  return hostname === "::1" || hostname.startsWith("127.");
}

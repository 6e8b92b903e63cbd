import { Failure } from "../core/errors.ts";
import { pause } from "./timer.ts";

/** Somebody connected. */
export interface Guest {
  /** The address the connection comes from, as the kernel spells it. */
  readonly address: string;
  /** @throws if the guest is gone */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Waits until the guest says something, and forgets it.
   *
   * @returns whether there may be more; false if the guest has said all
   * @throws if the guest is gone
   */
  hear(): Promise<boolean>;
  close(): void;
}

/** A socket that takes connections. */
export interface Listener {
  readonly port: number;
  /** Ends when the socket is closed. */
  readonly guests: AsyncIterable<Guest>;
  /** Closing twice is closing once. */
  readonly close: () => void;
}

/**
 * Listens on all addresses of both families; of IPv4 alone where there is no IPv6.
 *
 * @param preferred the port, unless somebody has it: then one that the kernel picks
 */
export function listenAnywhere(preferred: number): Listener {
  const listener = listenOn(preferred) ?? listenOn(0);
  if (listener === null) throw new Failure("no port is free for the tarpit");
  let open = true;
  return {
    port: listener.addr.port,
    guests: guestsOf(listener),
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

async function* guestsOf(listener: Deno.TcpListener): AsyncGenerator<Guest> {
  for (;;) {
    let conn: Deno.TcpConn;
    try {
      conn = await listener.accept();
    } catch (error) {
      if (error instanceof Deno.errors.BadResource) return; // closed
      if (error instanceof Deno.errors.Interrupted) return;
      // A guest that left while it waited, or no descriptor left for it: the next may fare better.
      await pause(100);
      continue;
    }
    yield {
      // Link-local addresses carry the name of their interface behind a percent sign.
      address: conn.remoteAddr.hostname.replace(/%.*$/, ""),
      write: async (bytes) => {
        for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
      },
      hear: async () => await conn.read(new Uint8Array(512)) !== null,
      close: () => {
        try {
          conn.close();
        } catch {
          // Closed already by the guest's leaving.
        }
      },
    };
  }
}

/**
 * The first line that the server at a local port says, without its end.
 *
 * @returns null if nobody answers with a line within a second
 */
export async function bannerOf(port: number): Promise<string | null> {
  const signal = AbortSignal.timeout(1000);
  for (const hostname of ["127.0.0.1", "::1"]) {
    try {
      using conn = await Deno.connect({ hostname, port, signal });
      const giveUp = (): void => conn.close();
      signal.addEventListener("abort", giveUp, { once: true });
      const bytes = new Uint8Array(255); // the most that RFC 4253 gives this line
      let length = 0;
      while (length < bytes.length && !bytes.subarray(0, length).includes(0x0a)) {
        const count = await conn.read(bytes.subarray(length));
        if (count === null) break;
        length += count;
      }
      signal.removeEventListener("abort", giveUp);
      const [line] = new TextDecoder().decode(bytes.subarray(0, length)).split(/\r?\n/);
      if (line) return line;
    } catch {
      // Not listening at this address: try the next one.
    }
  }
  return null;
}

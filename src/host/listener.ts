/** Somebody connected. */
export interface Guest {
  /** The address the connection comes from, as the kernel spells it. */
  readonly address: string;
  /** @throws if the guest is gone */
  write(bytes: Uint8Array): Promise<void>;
  close(): void;
}

/** A socket that takes connections. */
export interface Listener {
  readonly port: number;
  readonly guests: AsyncIterable<Guest>;
  close(): void;
}

/**
 * Listens on a port that the kernel picks, on all addresses of both families; of IPv4 alone where
 * there is no IPv6.
 */
export function listenAnywhere(): Listener {
  let listener: Deno.TcpListener;
  try {
    listener = Deno.listen({ hostname: "::", port: 0 });
  } catch {
    listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  }
  return {
    port: listener.addr.port,
    guests: guestsOf(listener),
    close: () => listener.close(),
  };
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
      await new Promise((resolve) => setTimeout(resolve, 100));
      continue;
    }
    yield {
      address: conn.remoteAddr.hostname,
      write: async (bytes) => {
        for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
      },
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

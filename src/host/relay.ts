/** How many bytes went each way. */
export interface Tally {
  sent: number;
  received: number;
}

/** As much as a pipe of Linux holds, so that a full one is emptied in one go. */
const BUFFER = 65_536;

/**
 * Connects stdin and stdout to a connection until the other side has said all it will. An end of
 * stdin is passed on, and what still comes back is waited for. Each side is read only as fast as
 * the other takes it.
 *
 * @param tally counts along
 */
export async function relay(conn: Deno.TcpConn, tally: Tally): Promise<void> {
  // Not waited for: when the other side has ended there is nobody left to send to.
  void copy(Deno.stdin, conn, (count) => tally.sent += count)
    .then((whole) => whole ? conn.closeWrite() : undefined)
    .catch(ignoreGone);
  await copy(conn, Deno.stdout, (count) => tally.received += count);
}

interface Reader {
  read(into: Uint8Array): Promise<number | null>;
}
interface Writer {
  write(from: Uint8Array): Promise<number>;
}

/** @returns whether it ended because all was read, not because a side is gone */
async function copy(from: Reader, to: Writer, count: (bytes: number) => void): Promise<boolean> {
  const buffer = new Uint8Array(BUFFER);
  try {
    for (;;) {
      const length = await from.read(buffer);
      if (length === null) return true;
      count(length);
      for (let at = 0; at < length;) at += await to.write(buffer.subarray(at, length));
    }
  } catch (error) {
    ignoreGone(error);
    return false;
  }
}

/** Either side may hang up at any moment; that is how a relay ends. */
function ignoreGone(error: unknown): void {
  const gone = [
    Deno.errors.BrokenPipe,
    Deno.errors.ConnectionReset,
    Deno.errors.ConnectionAborted,
    Deno.errors.NotConnected,
    Deno.errors.TimedOut,
    Deno.errors.BadResource,
    Deno.errors.Interrupted,
  ];
  if (!gone.some((type) => error instanceof type)) throw error;
}

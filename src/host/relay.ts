import type { Connection } from "./dial.ts";
import { pause } from "./timer.ts";

/** How many bytes went each way. */
export interface Tally {
  sent: number;
  received: number;
}

/** Four times what a pipe of Linux holds: a socket gives that much at once, and each turn costs. */
const BUFFER = 262_144;

/** Milliseconds without a byte from stdin after which nobody is taken to send any more. */
const IDLE_MS = 100;

/**
 * Connects stdin and stdout to a connection, until the other side has said all it will. An end of
 * stdin is passed on, and what still comes back is waited for. When the other side has ended, what
 * stdin is just saying is still sent; the end of stdout is then the end of this process, for Deno
 * cannot close it before. Each side is read only as fast as the other takes it.
 *
 * @param tally counts along
 */
export async function relay(conn: Connection, tally: Tally): Promise<void> {
  hurry(conn);
  const up = copy(Deno.stdin, conn, (count) => tally.sent += count)
    .then((whole) => whole ? conn.closeWrite() : undefined)
    .catch(ignoreGone);
  if (!await copy(conn, Deno.stdout, (count) => tally.received += count)) return;
  await Promise.race([up, idleness(() => tally.sent)]);
}

/** Has a keystroke sent at once, as ssh has it on its own connections, and not held for an answer. */
function hurry(conn: Connection): void {
  try {
    conn.setNoDelay();
  } catch {
    // It is gone already, as the first read will find.
  }
}

/** Resolves when a number stops growing. */
async function idleness(count: () => number): Promise<void> {
  for (let before = -1; before !== count();) {
    before = count();
    await pause(IDLE_MS);
  }
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

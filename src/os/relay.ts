import type { Connection } from "./dial.ts";
import { pause, within } from "./timer.ts";

/** How many bytes went each way. */
export interface Tally {
  sent: number;
  received: number;
}

/** Four times what a pipe of Linux holds: a socket gives that much at once, and each turn costs. */
const BUFFER = 262_144;

/** Milliseconds between two looks at what stdin has said. */
const LOOK_MS = 250;
/** Milliseconds without a byte from stdin after which the sender counts as done; a busy one takes its time. */
const IDLE_MS = 1_000;
/** The same for a peer that takes none of what is being sent, though it is there. */
const STUCK_MS = 10_000;

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
  const progress = { taken: 0, written: 0 };
  const counted: Writer = {
    async write(from) {
      const count = await conn.write(from);
      progress.written += count;
      return count;
    },
  };
  const up = copy(Deno.stdin, counted, (count) => {
    tally.sent += count;
    progress.taken += count;
  }).then((whole) => whole ? conn.closeWrite() : undefined)
    .catch(ignoreGone);
  if (!await copy(conn, Deno.stdout, (count) => tally.received += count)) return;
  await Promise.race([up, idleness(progress)]);
}

/**
 * Connects two connections, until both sides have said all they will; then, or when one of them is
 * gone, both are closed. An end of either is passed on, and what still comes back is waited for.
 */
export async function relayBetween(one: Connection, other: Connection): Promise<void> {
  const pass = async (from: Connection, to: Connection): Promise<void> => {
    hurry(to);
    if (await copy(from, to, () => {})) await to.closeWrite().catch(ignoreGone);
    else closeBoth();
  };
  const closeBoth = (): void => {
    for (const conn of [one, other]) hangUp(conn);
  };
  try {
    await Promise.all([pass(one, other), pass(other, one)]);
  } finally {
    closeBoth();
  }
}

/** Closes a connection that may be closed already. */
export function hangUp(conn: Connection): void {
  try {
    conn.close();
  } catch (error) {
    ignoreGone(error);
  }
}

/**
 * Ends a conversation that has not begun: writes the reason to stdout, and waits until the reader has
 * gone, for what they are just saying must not meet a closed pipe.
 */
export async function refuse(last: Uint8Array): Promise<void> {
  try {
    for (let at = 0; at < last.length;) at += await Deno.stdout.write(last.subarray(at));
    const buffer = new Uint8Array(BUFFER);
    const hearing = (async () => {
      while (await Deno.stdin.read(buffer) !== null);
    })();
    await within(hearing, FAREWELL_MS);
  } catch (error) {
    // The relay is reading still, and goes on until we end.
    if (error instanceof Deno.errors.Busy) await pause(BRIEF_FAREWELL_MS);
    else ignoreGone(error);
  }
}

/** Milliseconds for the other side to hear our last words and go. */
const FAREWELL_MS = 2_000;
const BRIEF_FAREWELL_MS = 500;

/** Whether a program reads what we say, and not a person. */
export function isPiped(): boolean {
  return !Deno.stdin.isTerminal() && !Deno.stdout.isTerminal();
}

/**
 * Has a keystroke sent at once, and a peer that is gone noticed in the end, as ssh has it on its own
 * connections (TCPKeepAlive).
 */
function hurry(conn: Connection): void {
  try {
    conn.setNoDelay();
    conn.setKeepAlive();
  } catch {
    // It is gone already, as the first read will find.
  }
}

/** What came from stdin, and how much of it the other side has taken. */
interface Progress {
  readonly taken: number;
  readonly written: number;
}

/** Resolves when nothing comes any more and all that came is written, or is not taken for long. */
async function idleness(progress: Progress): Promise<void> {
  for (let still = 0, before = -1;;) {
    const now = progress.taken + progress.written;
    still = now === before ? still + LOOK_MS : 0;
    const isAllWritten = progress.taken === progress.written;
    if (still >= (isAllWritten ? IDLE_MS : STUCK_MS)) return;
    before = now;
    await pause(LOOK_MS);
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

/** What the kernel says of a network that was lost, for which Deno has no type of error. */
const LOST = ["EHOSTUNREACH", "EHOSTDOWN", "ENETUNREACH", "ENETDOWN", "ENETRESET", "ENONET"];

/** Either side may hang up at any moment, and the network between them go; that is how a relay ends. */
function ignoreGone(error: unknown): void {
  if (error instanceof Error && "code" in error && LOST.includes(String(error.code))) return;
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

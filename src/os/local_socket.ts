import { dirname } from "./path.ts";
import { Failure } from "./errors.ts";
import { pause } from "./timer.ts";

/** Two programs of this machine that talk in lines. */
export interface Channel {
  /**
   * The lines of the other side, as many at a time as have arrived; ends when it is gone.
   *
   * @throws {Failure} for a line that is too long
   */
  readonly lines: AsyncIterable<readonly string[]>;
  /** Sends text. @throws {Failure} if the other side is gone */
  write(text: string): Promise<void>;
  /** Closing twice is closing once. */
  close(): void;
}

/** A socket in the file system that other programs connect to. */
export interface ChannelListener {
  /** Ends when the socket is closed. */
  readonly channels: AsyncIterable<Channel>;
  close(): void;
}

/** What owner and group may do with it; the service of the other side is given the group (c3po-share.service). */
const SOCKET_MODE = 0o660;
/** The folder can be passed through by others, and not listed: what is in it has modes of its own. */
const FOLDER_MODE = 0o711;
/** After a failure to accept a connection, until the next is accepted. */
const ACCEPT_MS = 100;
/** The longest line: a thousand lines of a fleet. */
const LONGEST = 1 << 20;

/**
 * Listens at a path; a socket that is there from an earlier run is replaced.
 *
 * @throws {Failure} if it cannot
 */
export function listenLocally(path: string): ChannelListener {
  let listener: Deno.UnixListener;
  try {
    removeSocket(path);
    Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    listener = Deno.listen({ transport: "unix", path });
    Deno.chmodSync(path, SOCKET_MODE);
    Deno.chmodSync(dirname(path), FOLDER_MODE);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new Failure(`cannot listen on "${path}": ${error.message}`, { cause: error });
  }
  let isOpen = true;
  return {
    channels: channelsOf(listener),
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      listener.close();
      removeSocket(path);
    },
  };
}

/**
 * Connects to a program that listens at a path.
 *
 * @throws {Failure} if none does, or this user may not
 */
export async function connectLocally(path: string): Promise<Channel> {
  try {
    return channelOf(await Deno.connect({ transport: "unix", path }));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isForbidden = error instanceof Deno.errors.PermissionDenied;
    throw new Failure(`cannot connect to "${path}": ${error.message}`, {
      hint: isForbidden
        ? "start c3po-share.service, which is given the right to"
        : "start serve first, with [share] in /etc/c3po/server.toml",
      cause: error,
    });
  }
}

function removeSocket(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function* channelsOf(listener: Deno.UnixListener): AsyncGenerator<Channel> {
  for (;;) {
    let conn: Deno.UnixConn;
    try {
      conn = await listener.accept();
    } catch (error) {
      if (error instanceof Deno.errors.BadResource) return; // closed
      if (error instanceof Deno.errors.Interrupted) return;
      await pause(ACCEPT_MS); // without descriptors it has to wait, and so have its clients
      continue;
    }
    yield channelOf(conn);
  }
}

function channelOf(conn: Deno.UnixConn): Channel {
  let isOpen = true;
  const close = (): void => {
    if (isOpen) conn.close();
    isOpen = false;
  };
  return {
    lines: linesOf(conn),
    write: async (text) => {
      const bytes = new TextEncoder().encode(text);
      try {
        for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
      } catch (error) {
        throw new Failure("the other side is gone", { cause: error });
      }
    },
    close,
  };
}

async function* linesOf(conn: Deno.UnixConn): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65_536);
  let rest = "";
  for (;;) {
    let length: number | null;
    try {
      length = await conn.read(buffer);
    } catch {
      return; // it is gone, or we closed
    }
    if (length === null) return;
    const lines = (rest + decoder.decode(buffer.subarray(0, length), { stream: true })).split("\n");
    rest = lines.pop()!;
    if (rest.length > LONGEST) throw new Failure("the other side sends a line that is too long");
    if (lines.length > 0) yield lines;
  }
}

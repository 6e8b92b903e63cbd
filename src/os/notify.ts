import { join } from "./path.ts";
import { eventLog } from "./event_log.ts";
import type { Host } from "./host.ts";

const log = eventLog("notify");

/**
 * The service manager that started this process, told what becomes of it as sd_notify(3) describes.
 * Without a service manager this does nothing.
 */
export interface ServiceManager extends Disposable {
  /** Whether there is one. */
  readonly isThere: boolean;
  /** Milliseconds in which it must hear {@linkcode alive}, else it restarts us; null if never. */
  readonly patience: number | null;
  /** All is up: what waited for us may start. Also ends {@linkcode reloading}. */
  ready(): Promise<void>;
  /** One line for `systemctl status`. */
  status(text: string): Promise<void>;
  /** The configuration is being read again. */
  reloading(): Promise<void>;
  /** The part of the program that matters has done its work just now. */
  alive(): Promise<void>;
  /** The end has begun. */
  stopping(): Promise<void>;
}

/**
 * Finds the service manager.
 *
 * @param folder for run-time files; our end of the line is a socket in it
 */
export function serviceManager(host: Host, folder: string): ServiceManager {
  const line = openLine(host.env("NOTIFY_SOCKET"), join(folder, `notify-${Deno.pid}`));
  const allowed = Number(host.env("WATCHDOG_USEC"));
  return {
    isThere: line !== null,
    patience: line !== null && allowed > 0 ? allowed / 1000 : null,
    ready: () => tell(line, "READY=1"),
    status: (text) => tell(line, `STATUS=${text.replaceAll("\n", " ")}`),
    reloading: () => tell(line, "RELOADING=1"),
    alive: () => tell(line, "WATCHDOG=1"),
    stopping: () => tell(line, "STOPPING=1"),
    [Symbol.dispose]: () => line?.close(),
  };
}

interface Line {
  send(text: string): Promise<unknown>;
  close(): void;
}

/** A datagram socket can only speak if it has a name of its own. */
function openLine(path: string | undefined, own: string): Line | null {
  if (path === undefined) return null;
  let socket: Deno.DatagramConn;
  try {
    socket = Deno.listenDatagram({ transport: "unixpacket", path: own });
  } catch (error) {
    log.warn("notify_failed", "cannot reach the service manager", { error: reason(error) });
    return null;
  }
  const to: Deno.UnixAddr = { transport: "unixpacket", path };
  return {
    send: (text) => socket.send(new TextEncoder().encode(text), to),
    close: () => {
      socket.close();
      Deno.removeSync(own);
    },
  };
}

/** A service manager that cannot be reached is no reason to close the way in. */
async function tell(line: Line | null, text: string): Promise<void> {
  try {
    await line?.send(text);
  } catch (error) {
    log.warn("notify_failed", "the service manager does not answer", {
      said: text,
      error: reason(error),
    });
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

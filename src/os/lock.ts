import { AlreadyRunning, Failure } from "./errors.ts";
import { ownPid } from "./self.ts";
import { within } from "./timer.ts";

/**
 * A port that only root can take, at an address of loopback that nothing else uses. The kernel keeps one
 * for each network namespace, whatever becomes of files and folders, and frees it with the process.
 */
const PLACE = { hostname: "127.51.80.48", port: 51 } as const;
const PATIENCE_MS = 1000;

/** A lock that is released when its process ends, however it ends. */
export interface Lock {
  release(): void;
}

/**
 * Makes sure that this is the only `serve` of its network namespace.
 *
 * @throws {AlreadyRunning} naming the process that holds the lock
 * @throws {Failure} if this process may take no such port
 */
export async function lockServe(): Promise<Lock> {
  let listener: Deno.TcpListener;
  try {
    listener = Deno.listen(PLACE);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new Failure(`serve may not listen on port ${PLACE.port} of loopback, its lock`, {
        hint: "run it as root; in a service or container with CAP_NET_BIND_SERVICE as well",
      });
    }
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new AlreadyRunning(await servingProcess());
  }
  tellWho(listener);
  return { release: () => listener.close() };
}

/** The process of the `serve` that runs in this network namespace; null if there is none, or it does not say. */
export async function servingProcess(): Promise<number | null> {
  try {
    using connection = await Deno.connect({ ...PLACE, signal: AbortSignal.timeout(PATIENCE_MS) });
    const bytes = new Uint8Array(16);
    const count = await within(connection.read(bytes), PATIENCE_MS);
    const pid = Number(new TextDecoder().decode(bytes.subarray(0, count ?? 0)));
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

async function tellWho(listener: Deno.TcpListener): Promise<void> {
  try {
    for await (const connection of listener) {
      connection.write(new TextEncoder().encode(`${ownPid()}\n`)).catch(() => {}).finally(() =>
        connection.close()
      );
    }
  } catch {
    // Released.
  }
}

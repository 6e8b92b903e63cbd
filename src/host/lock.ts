import { join } from "./path.ts";
import { Failure } from "../core/errors.ts";
import { networkNamespace } from "./procfs.ts";
import { within } from "./timer.ts";

/** A lock that ends with the process that holds it, however that ends. */
export interface Lock {
  release(): void;
}

/** A lock nobody holds is had at once; only Deno 2.9 and newer can ask without waiting for it. */
const PATIENCE_MS = 500;

/**
 * Makes sure that this is the only `serve` of its network namespace.
 *
 * @param folder where run-time files live; made if missing
 * @throws {Failure} naming the process that holds the lock
 */
export async function lockServe(folder: string): Promise<Lock> {
  const path = join(folder, `serve-${await networkNamespace()}.lock`);
  let file: Deno.FsFile;
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    file = await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 });
  } catch (error) {
    throw new Failure(`cannot use the folder for run-time files "${folder}"`, {
      hint: "set RUNTIME_DIRECTORY to a folder that root may write to",
      cause: error,
    });
  }
  if (!await hadWithin(PATIENCE_MS, file.lock(true))) {
    const pid = (await Deno.readTextFile(path)).trim();
    file.close();
    throw new Failure(`c3po serve is already running here, process ${pid}`, {
      hint: "stop it first; c3po status shows what it does",
    });
  }
  await file.truncate(0);
  await file.write(new TextEncoder().encode(`${Deno.pid}\n`));
  return {
    release: () => {
      // Removed while still locked: whoever waits for this very file could lock a removed one.
      Deno.removeSync(path);
      file.close();
    },
  };
}

async function hadWithin(ms: number, lock: Promise<void>): Promise<boolean> {
  return await within(lock.then(() => true), ms) ?? false;
}

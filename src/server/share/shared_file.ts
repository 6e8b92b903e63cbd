import { array, type InferOutput, object, pipe, readonly, string } from "valibot";
import type { RunningBans } from "../../fleet/running_bans.ts";
import { C3poError } from "../../os/errors.ts";
import { readText, removeFile, writePrivate } from "../../os/files.ts";
import { join } from "../../os/path.ts";
import { amount, readJson } from "../../os/schema.ts";

/** As many bans as there may be take so many bytes, generously. */
const LARGEST = 64 << 20;

/** A ban of the fleet, as `c3po ban` reads who reported it. */
const SHARED = pipe(
  array(pipe(
    object({ address: string(), until: amount, member: string() }),
    readonly(),
  )),
  readonly(),
);

/** Where a running `serve` lists the bans of the fleet. */
function sharedFile(runtimeFolder: string, namespace: string): string {
  return join(runtimeFolder, `fleet-${namespace}.json`);
}

/** The bans of the fleet that a running `serve` has; none if it does not share any. */
export async function readShared(
  runtimeFolder: string,
  namespace: string,
): Promise<InferOutput<typeof SHARED>> {
  try {
    const text = await readText(sharedFile(runtimeFolder, namespace), LARGEST);
    return text === null ? [] : readJson(SHARED, text);
  } catch (error) {
    if (error instanceof C3poError) return [];
    throw error;
  }
}

/** The list of a running `serve`, written when it is no longer true. */
export class SharedList {
  readonly #file: string;
  readonly #running: RunningBans;
  #isTrue = true;

  constructor(runtimeFolder: string, namespace: string, running: RunningBans) {
    this.#file = sharedFile(runtimeFolder, namespace);
    this.#running = running;
  }

  /** Bans have come or gone. */
  changed(): void {
    this.#isTrue = false;
  }

  /** Writes it, if need be. @param now unix milliseconds */
  async write(now: number): Promise<void> {
    if (this.#isTrue) return;
    this.#isTrue = true;
    const bans: InferOutput<typeof SHARED> = this.#running.list(now)
      .map(({ address, until, member }) => ({ address: address.text, until, member }));
    await writePrivate(this.#file, JSON.stringify(bans) + "\n", true);
  }

  /** Removes it: nothing is shared any more. */
  async remove(): Promise<void> {
    await removeFile(this.#file);
  }
}

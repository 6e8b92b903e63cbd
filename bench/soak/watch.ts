import { fromFileUrl } from "@std/path";
import type { Namespace } from "../../tests/kernel/lab.ts";

const WATCHER = fromFileUrl(new URL("./watcher.ts", import.meta.url));

/** One change of minute, as a client saw it that connects to the port of the minute by the clock. */
export interface Change {
  /** The minute that began. */
  readonly minute: number;
  readonly attempts: number;
  /** How many of them were not accepted. */
  readonly failed: number;
  /** From the first attempt that failed to the next that did not, at most, in milliseconds. */
  readonly gapMs: number;
}

/**
 * Has a client watch each change of minute, until the laboratory is closed.
 *
 * @returns what it has seen so far
 */
export async function startWatch(
  from: Namespace,
  server: Namespace,
  keyFile: string,
): Promise<() => Change[]> {
  const args = ["run", "--no-prompt", "-A", WATCHER, keyFile, server.address4];
  const child = from.spawn(Deno.execPath(), args);
  await child.waitForLine(/^ready$/);
  return () =>
    child.lines.filter(({ from, text }) => from === "stdout" && text.startsWith("{"))
      .map(({ text }) => JSON.parse(text));
}

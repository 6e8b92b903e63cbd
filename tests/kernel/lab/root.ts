import { deadline } from "@std/async/deadline";

/** Longer than any of them takes, on a slow machine too: whatever hangs shall be a failure with a name. */
const DEADLINE_MS = 10 * 60_000;

/** Network namespaces and packet filters need root. */
export const isRoot = Deno.uid() === 0;

/**
 * `Deno.test` for a test that needs root. Without root it is registered as ignored, so that it is counted
 * as skipped, and stderr says so. A test that hangs fails after ten minutes.
 */
export function kernelTest(name: string, fn: (t: Deno.TestContext) => void | Promise<void>): void {
  if (!isRoot) Deno.stderr.writeSync(new TextEncoder().encode(`SKIPPED (needs root): ${name}\n`));
  Deno.test({ name, ignore: !isRoot, fn: (t) => deadline(Promise.resolve(fn(t)), DEADLINE_MS) });
}

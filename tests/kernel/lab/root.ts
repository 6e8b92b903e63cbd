import { deadline } from "@std/async/deadline";
import { ENGINES, type Filter } from "./serve.ts";

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

/** A `kernelTest` for each engine of `serve`. */
export function engineTest(
  name: string,
  fn: (engine: Filter) => void | Promise<void>,
  engines = ENGINES,
): void {
  for (const engine of engines) kernelTest(`${engine}: ${name}`, () => fn(engine));
}

/** Scenarios that wait for the same minutes: all at the same time, each a step of its own. */
export async function together(
  t: Deno.TestContext,
  scenarios: Readonly<Record<string, () => Promise<void>>>,
): Promise<void> {
  const running = Object.entries(scenarios).map(([name, run]) => {
    const outcome = run();
    outcome.catch(() => {}); // its step tells
    return { name, outcome };
  });
  for (const { name, outcome } of running) {
    // What the others begin and end meanwhile is none of its own.
    await t.step({ name, fn: () => outcome, sanitizeOps: false, sanitizeResources: false });
  }
}

/** Network namespaces and packet filters need root. */
export const isRoot = Deno.uid() === 0;

/**
 * `Deno.test` for a test that needs root. Without root it is registered as ignored, so that it is counted
 * as skipped, and stderr says so.
 */
export function kernelTest(name: string, fn: (t: Deno.TestContext) => void | Promise<void>): void {
  if (!isRoot) Deno.stderr.writeSync(new TextEncoder().encode(`SKIPPED (needs root): ${name}\n`));
  Deno.test({ name, ignore: !isRoot, fn });
}

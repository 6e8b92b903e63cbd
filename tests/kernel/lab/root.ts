import { deadline } from "@std/async/deadline";
import { tooOld } from "../../../src/firewall/nftables/examine.ts";
import { ENGINES, type Filter } from "./serve.ts";

/** Longer than any of them takes, on a slow machine too: whatever hangs shall be a failure with a name. */
const DEADLINE_MS = 10 * 60_000;

/** Network namespaces and packet filters need root. */
export const isRoot = Deno.uid() === 0;

/** Debian 11 has an nft of which C3PO says that it is too old: nothing of that engine can be tested there. */
const oldNft = isRoot ? tooOld(nftVersion()) : null;

function nftVersion(): string {
  try {
    const { stdout } = new Deno.Command("nft", { args: ["--version"] }).outputSync();
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return ""; // then tests fail, and say so
    throw error;
  }
}

/** Whether this machine's tools are new enough for an engine. */
export function isTestable(engine: Filter): boolean {
  return engine !== "nftables" || oldNft === null;
}

type Test = (t: Deno.TestContext) => void | Promise<void>;

/**
 * `Deno.test` for a test that needs root. Without root it is registered as ignored, so that it is counted
 * as skipped, and stderr says so; likewise one of an engine that this machine is too old for. A test that hangs
 * fails after ten minutes.
 */
export function kernelTest(name: string, fn: Test, engine?: Filter): void {
  const isOld = engine !== undefined && !isTestable(engine);
  const lacks = !isRoot ? "root" : isOld ? `an nft newer than ${oldNft}` : null;
  if (lacks !== null) {
    Deno.stderr.writeSync(new TextEncoder().encode(`SKIPPED (needs ${lacks}): ${name}\n`));
  }
  Deno.test({
    name,
    ignore: lacks !== null,
    fn: (t) => deadline(Promise.resolve(fn(t)), DEADLINE_MS),
  });
}

/** A `kernelTest` that is about the nftables engine alone. */
export function nftablesTest(name: string, fn: Test): void {
  kernelTest(name, fn, "nftables");
}

/** A `kernelTest` for each engine of `serve`. */
export function engineTest(
  name: string,
  fn: (engine: Filter) => void | Promise<void>,
  engines = ENGINES,
): void {
  for (const engine of engines) kernelTest(`${engine}: ${name}`, () => fn(engine), engine);
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

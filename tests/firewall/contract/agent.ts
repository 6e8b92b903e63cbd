/**
 * An engine in a namespace: calls its methods as JSON lines on standard input ask for, and answers on
 * standard output, each line with the `id` of its request. A line without one tells of a change.
 *
 * usage: agent.ts ENGINE
 */
import { TextLineStream } from "@std/streams/text-line-stream";
import { systemClock } from "../../../src/os/clock.ts";
import { C3poError } from "../../../src/os/errors.ts";
import { ToolFailure } from "../../../src/os/tool_failure.ts";
import { createFirewall } from "../../../src/firewall/engines.ts";
import type { EngineName, Firewall } from "../../../src/firewall/firewall.ts";

/** A call of a method. */
export interface Call {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** What came of it. Sets arrive as arrays. */
export type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: Thrown }
  | { readonly changed: string | null };

/** An error on its way. */
export interface Thrown {
  readonly message: string;
  /** Whether it is a failure of ours, and not a mistake in the engine. */
  readonly isFailure: boolean;
  readonly hint?: string;
  /** Of a tool that failed. */
  readonly tool?: string;
  readonly code?: number | null;
  readonly isMissing?: boolean;
  readonly stack?: string;
}

if (import.meta.main) {
  const firewall = await createFirewall(Deno.args[0] as EngineName, systemClock);
  const end = new AbortController();
  const lines: ReadableStream<string> = Deno.stdin.readable
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const line of lines) {
    const { id, method, args }: Call = JSON.parse(line);
    call(firewall, method, args, end.signal).then(
      (result) => say({ id, result: result ?? null }),
      (error) => say({ id, error: thrown(error) }),
    );
  }
  end.abort();
  await firewall[Symbol.asyncDispose]();
  Deno.exit(0);
}

async function call(
  firewall: Firewall,
  method: string,
  args: readonly unknown[],
  signal: AbortSignal,
): Promise<unknown> {
  if (method === "watch") return await firewall.watch((changed) => say({ changed }), signal);
  // deno-lint-ignore no-explicit-any
  const result = await (firewall as any)[method](...args);
  // What comes some at a time goes over the wire at once.
  return result?.[Symbol.asyncIterator] ? (await Array.fromAsync(result)).flat() : result;
}

function thrown(error: unknown): Thrown {
  const isFailure = error instanceof C3poError;
  if (!(error instanceof Error)) return { message: String(error), isFailure };
  return {
    message: error.message,
    isFailure,
    ...error.stack === undefined ? {} : { stack: error.stack },
    ...isFailure && error.hint !== undefined ? { hint: error.hint } : {},
    ...error instanceof ToolFailure
      ? { tool: error.tool, code: error.code, isMissing: error.isMissing }
      : {},
  };
}

function say(reply: Reply): void {
  const text = JSON.stringify(reply, (_, value) => value instanceof Set ? [...value] : value);
  Deno.stdout.writeSync(new TextEncoder().encode(text + "\n"));
}

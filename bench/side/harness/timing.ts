import type { Namespace, RunOptions } from "../../../tests/kernel/lab.ts";
import { type Summary, summary } from "./stats.ts";

/** Something that can be measured again and again. */
export interface Way {
  readonly name: string;
  /** The command a reader could type. */
  readonly command: string;
  /** Not measured: puts things back for the next time. */
  readonly before?: () => Promise<void>;
  /** One time, start to end. */
  readonly once: () => Promise<void>;
}

/** The measurements of one way, in milliseconds, in their order. */
export interface Timed {
  readonly name: string;
  readonly command: string;
  readonly ms: readonly number[];
  /** How often it failed, and was tried again. */
  readonly failed: number;
  readonly summary: Summary;
}

const MOST_TRIES = 3;

/**
 * Measures several ways in turn, round after round, so that what else happens on the machine falls on
 * all of them alike. The order alternates, and a first round does not count.
 */
export async function interleaved(ways: readonly Way[], rounds: number): Promise<Timed[]> {
  const ms = ways.map((): number[] => []);
  const failed = ways.map(() => 0);
  for (let round = -1; round < rounds; round++) {
    const order = ways.map((way, i) => ({ way, i }));
    if (round % 2 === 0) order.reverse();
    for (const { way, i } of order) {
      for (let tries = 1;; tries++) {
        await way.before?.();
        const began = performance.now();
        try {
          await way.once();
        } catch (error) {
          if (tries === MOST_TRIES) throw error;
          failed[i]!++;
          continue;
        }
        if (round >= 0) ms[i]!.push(performance.now() - began);
        break;
      }
    }
  }
  return ways.map(({ name, command }, i) => ({
    name,
    command,
    ms: ms[i]!,
    failed: failed[i]!,
    summary: summary(ms[i]!),
  }));
}

/** A way that is a command in a namespace. */
export function commandIn(
  machine: Namespace,
  name: string,
  words: readonly [string, ...string[]],
  options: RunOptions & { before?: () => Promise<void>; shown?: string } = {},
): Way {
  const { before, shown, ...rest } = options;
  const [command, ...args] = words;
  return {
    name,
    command: shown ?? words.join(" "),
    ...before ? { before } : {},
    once: async () => void await machine.must(command, args, rest),
  };
}

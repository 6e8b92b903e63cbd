import type { Namespace } from "../../../tests/kernel/lab.ts";

const PROGRAM = `const listener = Deno.listen({ port: Number(Deno.args[0]) });
console.log("ready");
for await (const conn of listener) conn.close();`;

/**
 * Takes connections on a port and lets them go: an sshd would start a process for each.
 *
 * @param cpu the processor it stays on, where that matters
 */
export async function takeConnections(
  machine: Namespace,
  port: number,
  cpu?: number,
): Promise<void> {
  const file = `${machine.directory}/taker.js`;
  await Deno.writeTextFile(file, PROGRAM);
  const words = [Deno.execPath(), "run", "--quiet", "-A", file, String(port)] as const;
  const [command, ...args] = cpu === undefined ? words : pinned(cpu, words);
  const child = machine.spawn(command, args);
  await child.waitForLine(/^ready$/);
}

/** A command that stays on one processor: where two ends meet on one, a connection takes half the time. */
export function pinned(cpu: number, words: readonly string[]): [string, ...string[]] {
  return ["taskset", "--cpu-list", String(cpu), ...words];
}

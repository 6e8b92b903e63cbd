import type { Namespace } from "../../../tests/kernel/lab.ts";

const PROGRAM = `const listener = Deno.listen({ port: Number(Deno.args[0]) });
console.log("ready");
for await (const conn of listener) conn.close();`;

/** Takes connections on a port and lets them go: an sshd would start a process for each. */
export async function takeConnections(machine: Namespace, port: number): Promise<void> {
  const file = `${machine.directory}/taker.js`;
  await Deno.writeTextFile(file, PROGRAM);
  const child = machine.spawn(Deno.execPath(), ["run", "--quiet", "-A", file, String(port)]);
  await child.waitForLine(/^ready$/);
}

import { pooledMap } from "@std/async/pool";
import { dial, isOpen } from "../os/dial.ts";
import type { Host } from "../os/host.ts";
import { type Connection, DEFAULT_BANNER, listenAnywhere } from "../os/listener.ts";

/** Few enough that a busy machine, which holds all of them up at once, makes few of them too late. */
const AT_ONCE = 128;
/** Less than the second after which the kernel itself asks again. */
const PATIENCE_MS = 900;
/** How often a port is asked that keeps silent. */
const ROUNDS = 3;
/** A sign of life from the stand-in for sshd, so often. */
const TICK_MS = 1000;

/** Stands in for nmap: connects to each port, and tells those that answer, and how many keep silent. */
export async function probe(hostname: string, ports: readonly number[], host: Host): Promise<void> {
  const open = (port: number): void => host.terminal.out(`${port}/tcp open\n`);
  // Again, as nmap does: on a busy machine an answer may come too late.
  let silent = ports;
  for (let round = 0; round < ROUNDS && silent.length > 0; round++) {
    silent = await sweep(hostname, silent, open);
  }
  host.terminal.out(`${silent.length} port${silent.length === 1 ? "" : "s"} did not answer\n`);
}

/** @returns the ports that kept silent */
async function sweep(
  hostname: string,
  ports: readonly number[],
  open: (port: number) => void,
): Promise<number[]> {
  const silent: number[] = [];
  const tries = pooledMap(AT_ONCE, ports, async (port: number) => {
    const answer = await dial(hostname, port, AbortSignal.timeout(PATIENCE_MS));
    if (!isOpen(answer)) return [port, answer] as const;
    answer.close();
    return [port, "open"] as const;
  });
  for await (const [port, answer] of tries) {
    if (answer === "open") open(port);
    else if (answer === "silent") silent.push(port);
  }
  return silent;
}

/** Stands in for sshd: says what one says first, and then that it is still there. */
export async function answer(port: number, host: Host, signal: AbortSignal): Promise<void> {
  const listener = listenAnywhere(port);
  signal.addEventListener("abort", listener.close);
  for await (const connection of listener.connections) void greet(connection, host, signal);
}

async function greet(
  connection: Connection,
  { clock }: Host,
  signal: AbortSignal,
): Promise<void> {
  const text = new TextEncoder();
  try {
    await connection.write(text.encode(`${DEFAULT_BANNER} (the demo's stand-in)\r\n`));
    while (!signal.aborted) {
      await clock.sleep(TICK_MS, signal);
      const time = new Date(clock.now()).toISOString().slice(11, 19);
      await connection.write(text.encode(`${time}\r\n`));
    }
  } catch {
    // The other side has gone.
  }
  connection.close();
}

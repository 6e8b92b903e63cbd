import { pooledMap } from "@std/async/pool";
import { DEFAULT_BANNER } from "../core/tarpit.ts";
import { dial, isOpen } from "../host/dial.ts";
import type { Host } from "../host/host.ts";
import { type Guest, listenAnywhere } from "../host/listener.ts";

const AT_ONCE = 512;
/** Less than the second after which the kernel itself asks again. */
const PATIENCE_MS = 900;
/** A sign of life from the stand-in for sshd, so often. */
const TICK_MS = 1000;

/** Stands in for nmap: connects to each port, and tells those that answer, and how many keep silent. */
export async function probe(hostname: string, ports: readonly number[], host: Host): Promise<void> {
  const open = (port: number): void => host.terminal.out(`${port}/tcp open\n`);
  // Once more, as nmap does: on a busy machine an answer may come too late.
  const silent = await sweep(hostname, await sweep(hostname, ports, open), open);
  host.terminal.out(`${silent.length} ports did not answer\n`);
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
  for await (const guest of listener.guests) void greet(guest, host, signal);
}

async function greet(
  guest: Guest,
  { clock }: Host,
  signal: AbortSignal,
): Promise<void> {
  const text = new TextEncoder();
  try {
    await guest.write(text.encode(`${DEFAULT_BANNER} (the demo's stand-in)\r\n`));
    while (!signal.aborted) {
      await clock.sleep(TICK_MS, signal);
      const time = new Date(clock.now()).toISOString().slice(11, 19);
      await guest.write(text.encode(`${time}\r\n`));
    }
  } catch {
    // The guest has gone.
  }
  guest.close();
}

/**
 * Runs on the attacker's machine: from each of many addresses tries the ports of a range in an order
 * of its own until one answers. Reads one JSON object from standard input, prints one JSON line for
 * each address.
 */

import net from "node:net";
import { pooledMap } from "@std/async/pool";
import { toText } from "@std/streams/to-text";
import { Random, RandomOrder } from "./random.ts";

/** What to do. */
export interface Sweeps {
  readonly target: string;
  readonly low: number;
  readonly size: number;
  readonly sources: readonly string[];
  readonly seed: number;
}

/** The first open port that an address met. */
export interface Touch {
  readonly source: string;
  readonly port: number;
  readonly probes: number;
  /** Unix milliseconds. */
  readonly at: number;
}

/** Addresses that scan at the same time. */
const AT_ONCE = 8;

function isOpen(host: string, port: number, localAddress: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port, localAddress });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error: Error & { code?: string }) => {
      if (error.code === "ECONNREFUSED") resolve(false);
      else reject(error);
    });
  });
}

/** @param number which of the sources */
async function sweep(number: number): Promise<Touch> {
  const { target, low, size, seed } = task;
  const source = task.sources[number]!;
  const order = new RandomOrder(low, size, new Random(seed + number));
  for (let place = 0;; place = (place + 1) % size) {
    const port = order.at(place);
    if (await isOpen(target, port, source)) {
      return { source, port, probes: place + 1, at: Date.now() };
    }
  }
}

const task: Sweeps = JSON.parse(await toText(Deno.stdin.readable));
const encoder = new TextEncoder();
for await (const touch of pooledMap(AT_ONCE, task.sources.keys(), sweep)) {
  await Deno.stdout.write(encoder.encode(`${JSON.stringify(touch)}\n`));
}

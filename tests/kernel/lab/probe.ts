// Runs inside a namespace: reads one JSON array of targets from standard input and prints how a TCP
// connection to each ended, one JSON string a line, in the order of the targets.
import net from "node:net";
import { pooledMap } from "@std/async/pool";
import { toText } from "@std/streams/to-text";
import type { Reach, Target } from "./reach.ts";

const AT_ONCE = 500;
/** Milliseconds for a turn of the event loop. */
const LATE_MS = 50;

const OUTCOMES: Record<string, Reach> = {
  ECONNREFUSED: "refused",
  ETIMEDOUT: "timeout",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
};

function reach({ address, port, timeoutMs, source }: Target): Promise<Reach> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: address, port, ...source ? { localAddress: source } : {} });
    const end = (outcome: Reach): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    // A timer that is late on a busy machine may come before an answer that is there already.
    let timer = setTimeout(() => timer = setTimeout(() => end("timeout"), LATE_MS), timeoutMs);
    socket.once("connect", () => end("open"));
    socket.once("error", (error: Error & { code?: string }) => {
      const outcome = OUTCOMES[error.code ?? ""];
      outcome ? end(outcome) : reject(error);
    });
  });
}

const targets: Target[] = JSON.parse(await toText(Deno.stdin.readable));
const encoder = new TextEncoder();
for await (const outcome of pooledMap(AT_ONCE, targets, reach)) {
  await Deno.stdout.write(encoder.encode(JSON.stringify(outcome) + "\n"));
}
Deno.exit(0); // a connection attempt that was given up must not delay the answer

// Runs inside a namespace: reads one JSON array of targets from standard input and prints how a TCP
// connection to each ended, one JSON string a line, in the order of the targets.
import { pooledMap } from "@std/async/pool";
import type { Reach, Target } from "./reach.ts";

const AT_ONCE = 500;
/** Milliseconds for a turn of the event loop. */
const LATE_MS = 50;

const OUTCOMES: Readonly<Record<string, Reach>> = {
  ECONNREFUSED: "refused",
  ETIMEDOUT: "timeout",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
};

/** Connects and closes again. @throws with the `code` of the system's error */
async function connect({ address, port, source }: Target, signal: AbortSignal): Promise<void> {
  if (source !== undefined) return await connectFrom(source, { host: address, port, signal });
  (await Deno.connect({ hostname: address, port, signal })).close();
}

/** From an address that is chosen: in Deno only Node's way has that, and takes thrice as long to load. */
async function connectFrom(
  localAddress: string,
  to: { host: string; port: number; signal: AbortSignal },
): Promise<void> {
  const { default: net } = await import("node:net");
  await new Promise<void>((resolve, reject) => {
    const socket = net.connect({ ...to, localAddress }, () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", reject);
    to.signal.addEventListener("abort", () => socket.destroy());
  });
}

function reach(target: Target): Promise<Reach> {
  return new Promise((resolve, reject) => {
    const over = new AbortController();
    const end = (outcome: Reach): void => {
      clearTimeout(timer);
      resolve(outcome);
      over.abort(); // no further SYN may follow
    };
    // A timer that is late on a busy machine may come before an answer that is there already.
    let timer = setTimeout(
      () => timer = setTimeout(() => end("timeout"), LATE_MS),
      target.timeoutMs,
    );
    connect(target, over.signal).then(() => end("open"), (error: Error & { code?: string }) => {
      const outcome = OUTCOMES[error.code ?? ""];
      outcome ? end(outcome) : reject(error);
    });
  });
}

const targets: Target[] = await new Response(Deno.stdin.readable).json();
const encoder = new TextEncoder();
for await (const outcome of pooledMap(AT_ONCE, targets, reach)) {
  await Deno.stdout.write(encoder.encode(JSON.stringify(outcome) + "\n"));
}
Deno.exit(0); // a connection attempt that was given up must not delay the answer

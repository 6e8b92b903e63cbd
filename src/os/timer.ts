/*
 * Timers without `setTimeout`: in Deno that is Node's, whose first use loads much of what stands in for
 * Node. That takes longer than all else that a client does, and some megabytes of a server for good.
 */

/** Since this version of Deno, the end of `Atomics.waitAsync()` wakes the process. */
const WAKING_VERSION = [2, 8] as const;

let isKeptAlive = false;

/**
 * From now on timers may be of a kind that takes a third of the time to wake the process, and does not
 * keep it: for a program that something else keeps, such as a socket that it listens on.
 */
export function useLightTimers(): void {
  const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
  const [since, sinceMinor] = WAKING_VERSION;
  isKeptAlive = major > since || (major === since && minor >= sinceMinor);
}

/**
 * Calls back after some milliseconds, unless it is called off before.
 *
 * @returns calls it off
 */
export function after(ms: number, call: () => void): () => void {
  return (isKeptAlive ? waitForMemory : waitForSignal)(Math.max(0, ms), call);
}

/** Resolves after some milliseconds. */
export async function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  after(ms, resolve);
  await promise;
}

/** Waits for something, but no longer than some milliseconds. */
export async function within<T>(step: Promise<T>, ms: number): Promise<T | void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const callOff = after(ms, resolve);
  try {
    return await Promise.race([step, promise]);
  } finally {
    callOff();
  }
}

/** A timer of the engine's; it keeps the process until it is called off or runs out. */
function waitForSignal(ms: number, call: () => void): () => void {
  const signal = AbortSignal.timeout(ms);
  const callOff = (): void => signal.removeEventListener("abort", run);
  const run = (): void => {
    callOff();
    call();
  };
  signal.addEventListener("abort", run);
  return callOff;
}

/** A wait for memory that changes only when it is called off. */
function waitForMemory(ms: number, call: () => void): () => void {
  const memory = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  let isOff = false;
  const waiting = Atomics.waitAsync(memory, 0, 0, ms);
  Promise.resolve(waiting.value).then(() => {
    if (!isOff) call();
  });
  return () => {
    isOff = true;
    Atomics.notify(memory, 0);
  };
}

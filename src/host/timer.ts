/*
 * The timers of clients, which live for some dozen milliseconds. In Deno, `setTimeout` is that of
 * Node: its first use loads much of what stands in for Node, and takes longer than all else that
 * a client does. The timer of a signal does not. Called off, it still stays with the engine until its
 * time, so it is nothing for a server that calls off many.
 */

/**
 * Calls back after some milliseconds, unless it is called off before.
 *
 * @returns calls it off
 */
export function after(ms: number, call: () => void): () => void {
  const signal = AbortSignal.timeout(ms);
  const listener = (): void => call();
  signal.addEventListener("abort", listener, { once: true });
  return () => signal.removeEventListener("abort", listener);
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

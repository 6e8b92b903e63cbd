/** Waits for something that changes nothing; null as soon as the person wants to stop. */
export async function orStop<T>(waited: Promise<T>, signal: AbortSignal): Promise<T | null> {
  const { promise, resolve } = Promise.withResolvers<null>();
  const stop = (): void => resolve(null);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([promise, waited]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

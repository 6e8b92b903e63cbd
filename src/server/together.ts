/** Runs the parts of a daemon until the signal is aborted; the fall of one stops the others. */
export async function together(
  signal: AbortSignal,
  parts: readonly ((stop: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const fallen = new AbortController();
  const stop = AbortSignal.any([signal, fallen.signal]);
  const ends = await Promise.allSettled(parts.map((part) =>
    part(stop).catch((error) => {
      fallen.abort();
      throw error;
    })
  ));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

/*
 * Timers, all of them on a few of the engine's. In Deno `setTimeout` is that of Node: its first use loads
 * much of what stands in for Node, which takes longer than all else that a client does, and some
 * megabytes of a server's memory for good. The timer of a signal does not, but it cannot be called off
 * and costs a third of a millisecond: so most share one, which runs out each second.
 */

/** Somebody who waits. */
interface Waiter {
  /** When, on the clock that nobody sets, in milliseconds. */
  readonly at: number;
  readonly call: () => void;
}

/** To wake the process costs more than what most of those who wait do: so it wakes for all of them. */
const BEAT_MS = 1000;

/** Who waits, the next one last. */
const waiters: Waiter[] = [];
/** The engine's timers that run, by when they run out: what stops them. */
const running = new Map<number, () => void>();

/**
 * Calls back after some milliseconds, unless it is called off before.
 *
 * @returns calls it off
 */
export function after(ms: number, call: () => void): () => void {
  return wait(performance.now() + ms, call);
}

/**
 * Calls back after some milliseconds, too, but from a second on together with all others who have so
 * much time: up to a second early.
 *
 * @returns calls it off
 */
export function afterAbout(ms: number, call: () => void): () => void {
  const exact = performance.now() + ms;
  return wait(ms < BEAT_MS ? exact : Math.floor(exact / BEAT_MS) * BEAT_MS, call);
}

function wait(at: number, call: () => void): () => void {
  const waiter = { at, call };
  const place = waiters.findLastIndex((other) => other.at > at) + 1; // behind those of the same
  waiters.splice(place, 0, waiter);
  run();
  return () => {
    const place = waiters.indexOf(waiter);
    if (place >= 0) waiters.splice(place, 1);
    if (waiters.length > 0) return;
    for (const stop of running.values()) stop(); // or they would keep the process
    running.clear();
  };
}

/**
 * Makes sure that one of the engine's timers runs out no later than for the next one who waits, and no
 * later than the next beat: whoever is just being called may wait for that.
 */
function run(): void {
  const next = waiters.at(-1);
  if (next === undefined) return;
  const now = performance.now();
  const moment = Math.min(next.at, (Math.floor(now / BEAT_MS) + 1) * BEAT_MS);
  for (const other of running.keys()) if (other <= moment) return;
  const signal = AbortSignal.timeout(Math.max(0, Math.ceil(moment - now)));
  const stop = (): void => signal.removeEventListener("abort", end);
  const end = (): void => {
    stop();
    running.delete(moment);
    callDue();
  };
  signal.addEventListener("abort", end);
  running.set(moment, stop);
}

/** Calls whoever is due. */
function callDue(): void {
  const now = performance.now();
  try {
    while (waiters.length > 0 && waiters.at(-1)!.at <= now) waiters.pop()!.call();
  } finally {
    run();
  }
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

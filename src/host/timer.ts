/*
 * Timers, all of them on one of the engine's. In Deno `setTimeout` is that of Node: its first use loads
 * much of what stands in for Node, which takes longer than all else that a client does, and some
 * megabytes of a server's memory for good. The timer of a signal does not, but it cannot be called off:
 * so there is one at a time, for whoever is next.
 */

/** Somebody who waits. */
interface Waiter {
  /** When, on the clock that nobody sets, in milliseconds. */
  readonly at: number;
  readonly call: () => void;
}

/**
 * Whoever waits for a second or more is woken on this grid, so that many are woken at once: to wake the
 * process costs more than what most of them do.
 */
const LONG_MS = 1000;
const GRID_MS = 250;

/** Who waits, the next one last. */
const waiters: Waiter[] = [];
/** The engine's timer, if one runs. */
let running: { readonly at: number; readonly stop: () => void } | null = null;

/**
 * Calls back after some milliseconds, unless it is called off before.
 *
 * @param ms from a second on, an eighth of a second more or less
 * @returns calls it off
 */
export function after(ms: number, call: () => void): () => void {
  const exact = performance.now() + ms;
  const at = ms < LONG_MS ? exact : Math.round(exact / GRID_MS) * GRID_MS;
  const waiter = { at, call };
  const place = waiters.findLastIndex(({ at }) => at >= waiter.at) + 1;
  waiters.splice(place, 0, waiter);
  run();
  return () => {
    const place = waiters.indexOf(waiter);
    if (place >= 0) waiters.splice(place, 1);
    if (waiters.length === 0) running?.stop(); // or it would keep the process
  };
}

/** Makes sure that the engine's timer runs out no later than for the next one who waits. */
function run(): void {
  const next = waiters.at(-1);
  if (next === undefined || (running !== null && running.at <= next.at)) return;
  running?.stop();
  const signal = AbortSignal.timeout(Math.max(0, Math.ceil(next.at - performance.now())));
  signal.addEventListener("abort", runOut);
  const stop = (): void => {
    signal.removeEventListener("abort", runOut);
    running = null;
  };
  running = { at: next.at, stop };
}

function runOut(): void {
  running?.stop();
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

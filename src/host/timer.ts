/*
 * Timers, all of them on a few of the engine's. In Deno `setTimeout` is that of Node: its first use loads
 * much of what stands in for Node, which takes longer than all else that a client does, and some
 * megabytes of a server's memory for good. The timer of a signal does not, but it cannot be called off
 * and costs a third of a millisecond: so most share one, which runs out each second, the beat.
 */

/** Somebody who waits. */
interface Waiter {
  /** When, on the clock that nobody sets, in milliseconds. */
  readonly at: number;
  readonly call: () => void;
}

/** To wake the process costs more than what most of those who wait do: so it wakes for all of them. */
export const BEAT_MS = 1000;
/** Since this version of Deno, the end of `Atomics.waitAsync()` wakes the process. */
const WAKING_VERSION = [2, 8] as const;
/** So often it is made sure that it did. */
const DOUBT_MS = 60_000;

/** Who waits, the next one last. */
const waiters: Waiter[] = [];
/** Who is called at every beat. */
const followers = new Set<() => void>();
/** The engine's timers that run, by when they run out: what stops them. */
const running = new Map<number, () => void>();
/** Whether a beat may come from a timer that does not keep the process. */
let thrifty = false;

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

/**
 * Calls back once a second, with those whose time has come then. It takes no promise and no waiter:
 * for what is done so often that those would be most of it.
 *
 * @returns ends it
 */
export function everyBeat(call: () => void): () => void {
  followers.add(call);
  run();
  return () => {
    followers.delete(call);
    rest();
  };
}

/**
 * From now on beats come from `Atomics.waitAsync()`, where that can be: it takes half of what the timer
 * of a signal takes to wake the process, but does not keep it. For a program that something else keeps.
 *
 * @param doubtMs so often, in milliseconds, it is made sure that beats come
 */
export function beThrifty(doubtMs = DOUBT_MS): void {
  const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
  const [since, sinceMinor] = WAKING_VERSION;
  thrifty = major > since || (major === since && minor >= sinceMinor);
  if (thrifty) doubt(doubtMs);
}

/** Looks after the thrifty beats with a timer of the other kind: if one does not come, there are no more. */
function doubt(doubtMs: number): void {
  const now = performance.now();
  const overdue = [...running].filter(([moment]) => moment < now - BEAT_MS);
  if (overdue.length === 0) return void waitForSignal(doubtMs, () => doubt(doubtMs));
  thrifty = false;
  for (const [moment, stop] of overdue) {
    stop();
    running.delete(moment);
  }
  callDue(true);
}

function wait(at: number, call: () => void): () => void {
  const waiter = { at, call };
  const place = waiters.findLastIndex((other) => other.at > at) + 1; // behind those of the same
  waiters.splice(place, 0, waiter);
  run();
  return () => {
    const place = waiters.indexOf(waiter);
    if (place >= 0) waiters.splice(place, 1);
    rest();
  };
}

/** Stops all timers if nobody waits: they would keep the process. */
function rest(): void {
  if (waiters.length + followers.size > 0) return;
  for (const stop of running.values()) stop();
  running.clear();
}

/**
 * Makes sure that one of the engine's timers runs out no later than for the next one who waits, and no
 * later than the next beat: whoever is just being called may wait for that.
 */
function run(): void {
  if (waiters.length + followers.size === 0) return;
  const now = performance.now();
  const beat = (Math.floor(now / BEAT_MS) + 1) * BEAT_MS;
  const moment = Math.min(waiters.at(-1)?.at ?? beat, beat);
  for (const other of running.keys()) if (other <= moment) return;
  const start = thrifty && moment === beat ? waitForNobody : waitForSignal;
  const stop = start(Math.max(0, Math.ceil(moment - now)), () => {
    running.delete(moment);
    callDue(moment === beat);
  });
  running.set(moment, stop);
}

/** Calls whoever is due. */
function callDue(isBeat: boolean): void {
  const now = performance.now();
  try {
    if (isBeat) { for (const call of followers) call(); }
    while (waiters.length > 0 && waiters.at(-1)!.at <= now) waiters.pop()!.call();
  } finally {
    run();
  }
}

/** A timer of the engine's; it keeps the process until it is stopped. */
function waitForSignal(ms: number, end: () => void): () => void {
  const signal = AbortSignal.timeout(ms);
  const stop = (): void => signal.removeEventListener("abort", ended);
  const ended = (): void => {
    stop();
    end();
  };
  signal.addEventListener("abort", ended);
  return stop;
}

/** Memory that nobody changes. */
const still = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** A wait for somebody to change it; it does not keep the process. */
function waitForNobody(ms: number, end: () => void): () => void {
  let isOver = false;
  const waiting = Atomics.waitAsync(still, 0, 0, ms);
  Promise.resolve(waiting.value).then(() => {
    if (!isOver) end();
  });
  return () => isOver = true;
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

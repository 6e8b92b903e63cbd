/** What `@std/async` exports, as far as it is used. */
declare module "@std/async/deadline" {
  export interface DeadlineOptions {
    /** Rejects the promise when it is aborted. */
    signal?: AbortSignal;
  }

  /** The promise, or a rejection with a `TimeoutError` after `ms` milliseconds. */
  export function deadline<T>(p: Promise<T>, ms: number, options?: DeadlineOptions): Promise<T>;
}

declare module "@std/async/delay" {
  export interface DelayOptions {
    /** Rejects the promise when it is aborted. */
    signal?: AbortSignal;
    /** Whether the process stays alive for it; true unless told otherwise. */
    persistent?: boolean;
  }

  /** Resolves after `ms` milliseconds. */
  export function delay(ms: number, options?: DelayOptions): Promise<void>;
}

declare module "@std/async/pool" {
  /**
   * What `iteratorFn` makes of every item, with at most `poolLimit` of them at work.
   *
   * The iteration throws an `AggregateError` if any of them is rejected.
   */
  export function pooledMap<T, R>(
    poolLimit: number,
    array: Iterable<T> | AsyncIterable<T>,
    iteratorFn: (data: T) => Promise<R>,
  ): AsyncIterableIterator<R>;
}

/** What `@std/assert` exports, as far as the tests use it. */
declare module "@std/assert" {
  /** Fails unless `expr` is truthy, and narrows its type from there on. */
  export function assert(expr: unknown, msg?: string): asserts expr;

  /** Fails unless both are deeply equal. */
  export function assertEquals<T>(actual: T, expected: T, msg?: string): void;

  /** Fails if both are deeply equal. */
  export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void;

  /** Fails if the numbers are further apart than `tolerance`, by default `expected` * 1e-7. */
  export function assertAlmostEquals(
    actual: number,
    expected: number,
    tolerance?: number,
    msg?: string,
  ): void;

  /** Fails unless the pattern matches. */
  export function assertMatch(actual: string, expected: RegExp, msg?: string): void;

  /** Fails if the pattern matches. */
  export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void;

  /** Fails unless `expected` is a part of `actual`. */
  export function assertStringIncludes(actual: string, expected: string, msg?: string): void;

  /** A class of errors, which may be abstract. */
  // deno-lint-ignore no-explicit-any -- whatever its constructor takes
  type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

  /** Fails unless `fn` throws; returns what it threw. */
  export function assertThrows(fn: () => unknown, msg?: string): unknown;
  /** The same, for errors of one class whose message contains `msgIncludes`. */
  export function assertThrows<E extends Error>(
    fn: () => unknown,
    errorClass: ErrorClass<E>,
    msgIncludes?: string,
    msg?: string,
  ): E;

  /** Fails unless the promise of `fn` is rejected; resolves to the reason. */
  export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
  /** The same, for errors of one class whose message contains `msgIncludes`. */
  export function assertRejects<E extends Error>(
    fn: () => PromiseLike<unknown>,
    errorClass: ErrorClass<E>,
    msgIncludes?: string,
    msg?: string,
  ): Promise<E>;

  export {};
}

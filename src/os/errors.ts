/** What a failure says to the person who meets it: one line, and where there is one, a next step. */
export interface Advice {
  /** The next step, shown on a line of its own behind `c3po: hint:`. */
  readonly hint?: string;
  /** The failure underneath, for debugging; never printed. */
  readonly cause?: unknown;
}

/**
 * A failure that the user can act on. Its message is lower case without a full stop, and
 * quotes the offending value unless that value is a secret.
 */
export abstract class C3poError extends Error {
  /** The next step, if there is one. */
  readonly hint: string | undefined;
  /** The exit code of a command that ends with this error. */
  abstract readonly exitCode: 1 | 2 | 10;

  /** @param message what happened, lower case, no full stop */
  constructor(message: string, advice: Advice = {}) {
    super(message, advice.cause === undefined ? undefined : { cause: advice.cause });
    this.name = new.target.name;
    this.hint = advice.hint;
  }
}

/** Something on the command line is wrong: exit code 2. */
export class Misuse extends C3poError {
  override readonly exitCode = 2;
}

/** Something elsewhere is wrong (a key, a file, the kernel, the network): exit code 1. */
export class Failure extends C3poError {
  override readonly exitCode = 1;
}

/** `c3po serve` is there already, in this network namespace. */
export class AlreadyRunning extends Failure {
  /** @param pid of the other one, in its own namespace of processes; null if it does not say */
  constructor(pid: number | null) {
    super(`c3po serve is already running here${pid === null ? "" : `, process ${pid}`}`, {
      hint: "stop it first; c3po status shows what it is doing",
    });
  }
}

/**
 * An error that stays until it is fixed, reported to a service manager, which would retry for
 * ever: exit code 2, as for misuse.
 */
export class NotRetryable extends C3poError {
  override readonly exitCode = 2;
}

/**
 * A configuration on trial was rolled back: exit code 1, or 10 for a service manager, which would
 * begin the next trial at once if it could not tell this failure from others.
 */
export class RolledBack extends C3poError {
  override readonly exitCode: 1 | 10;

  /** @param isService whether a service manager is told */
  constructor(message: string, isService: boolean, advice: Advice = {}) {
    super(message, advice);
    this.exitCode = isService ? 10 : 1;
  }
}

/**
 * A malformed value, whatever its source. The code that read it turns this into
 * {@linkcode Misuse} (an argument) or {@linkcode Failure} (a file, the environment).
 */
export class Malformed extends C3poError {
  override readonly exitCode = 1;
}

/**
 * Reads one value of the command line: what is {@linkcode Malformed} there is {@linkcode Misuse}.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { parseCount } from "../schedule/ports.ts";
 *
 * assertThrows(() => asArgument(() => parseCount("x")), Misuse, '"x" is not a whole number');
 * ```
 */
export function asArgument<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new Misuse(error.message, error.hint === undefined ? {} : { hint: error.hint });
  }
}

/**
 * Reads one value from elsewhere: what is {@linkcode Malformed} there is {@linkcode Failure}.
 *
 * @param where what to put before the message, such as the name of a file
 */
export function asSource<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const advice = error.hint === undefined ? {} : { hint: error.hint };
    throw new Failure(`${where}: ${error.message}`, advice);
  }
}

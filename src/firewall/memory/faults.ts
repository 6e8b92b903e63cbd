import type { Firewall } from "../firewall.ts";

/** The methods that run tools, and so may fail. */
export type Fallible = Exclude<keyof Firewall, "engine" | "preview" | typeof Symbol.asyncDispose>;

/** Failures to come of a method. */
interface Fault {
  times: number;
  readonly failure: () => Error;
  readonly isDone: boolean;
}

/** Failures that a test asked for. */
export class Faults {
  readonly #coming = new Map<Fallible, Fault>();

  /** Has the next calls of a method fail. */
  add(method: Fallible, fault: Fault): void {
    this.#coming.set(method, fault);
  }

  /** Does what a method does, later than now as a tool would; or fails as was asked for. */
  async run<T>(method: Fallible, work: () => T | Promise<T>): Promise<T> {
    await Promise.resolve();
    const fault = this.#coming.get(method);
    if (fault === undefined || fault.times-- <= 0) return await work();
    if (fault.isDone) await work();
    throw fault.failure();
  }
}

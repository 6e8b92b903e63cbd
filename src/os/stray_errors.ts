/**
 * Reports uncaught errors (in a timer, a signal handler, a promise) like all others,
 * and the process ended: what it would do next is not known.
 *
 * @param tell tells the user of the error, and answers with the exit code
 */
export function endOnStrayErrors(tell: (error: unknown) => number): void {
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    Deno.exit(tell(event.reason));
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    Deno.exit(tell(event.error));
  });
}

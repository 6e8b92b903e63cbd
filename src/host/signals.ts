/** An abort signal for the signals that ask a daemon to end; dispose to let them kill again. */
export interface EndSignal extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * Turns SIGTERM and SIGINT into an abort, and SIGHUP, which comes when the terminal of whoever
 * started it is gone; the reason is the name of the signal.
 */
export function endSignal(): EndSignal {
  const controller = new AbortController();
  const names = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
  const listeners = names.map((name) => {
    const listener = (): void => controller.abort(name);
    Deno.addSignalListener(name, listener);
    return [name, listener] as const;
  });
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const [name, listener] of listeners) Deno.removeSignalListener(name, listener);
    },
  };
}

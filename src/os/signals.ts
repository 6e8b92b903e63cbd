/** An abort signal for the signals that ask a program to end; dispose to let them kill again. */
export interface EndSignal extends Disposable {
  readonly signal: AbortSignal;
}

/** The signals that ask for an end; SIGHUP comes when the terminal is gone. */
const ENDING: readonly Deno.Signal[] = ["SIGTERM", "SIGINT", "SIGHUP"];

/** Asks a service to end and to leave what it has put in place to its next start. */
export const HANDOVER: Deno.Signal = "SIGUSR2";

/** Turns the signals that ask for an end into an abort; the reason is the name of the signal. */
export function endSignal(names: readonly Deno.Signal[] = ENDING): EndSignal {
  const controller = new AbortController();
  const stop = listen(names, (name) => controller.abort(name));
  return { signal: controller.signal, [Symbol.dispose]: stop };
}

/** What a daemon is asked for by signals; dispose to let them kill again. */
export interface SignalRequests extends Disposable {
  /** Aborted when the process has to end. */
  readonly end: AbortSignal;
  /** A signal that is aborted by the next request to read the configuration again. */
  reload(): AbortSignal;
}

/**
 * Listens to what a daemon is asked for.
 *
 * @param supervised under a service manager SIGHUP asks to read the configuration again; for one that
 * was started by hand it is an end, for its terminal is gone
 */
export function signalRequests(supervised: boolean): SignalRequests {
  const end = endSignal(
    supervised ? [...ENDING.filter((name) => name !== "SIGHUP"), HANDOVER] : ENDING,
  );
  let reload = new AbortController();
  const stop = listen(supervised ? ["SIGHUP"] : [], (name) => reload.abort(name));
  return {
    end: end.signal,
    reload: () => {
      if (reload.signal.aborted) reload = new AbortController();
      return reload.signal;
    },
    [Symbol.dispose]: () => {
      end[Symbol.dispose]();
      stop();
    },
  };
}

function listen(names: readonly Deno.Signal[], told: (name: Deno.Signal) => void): () => void {
  const listeners = names.map((name) => [name, () => told(name)] as const);
  for (const [name, listener] of listeners) Deno.addSignalListener(name, listener);
  return () => {
    for (const [name, listener] of listeners) Deno.removeSignalListener(name, listener);
  };
}

/*
 * The whole terminal, for what is drawn and drawn again.
 */

/** Writes all of a text to the terminal. */
export function writeScreen(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

/** Calls back whenever the terminal has another size. */
export function onResize(resized: () => void): Disposable {
  Deno.addSignalListener("SIGWINCH", resized);
  return { [Symbol.dispose]: () => Deno.removeSignalListener("SIGWINCH", resized) };
}

/**
 * Hands over what is typed, key by key as terminals send it, if stdin is a terminal.
 *
 * @param over ends it; a read that is under way then ends with the process
 * @returns gives the terminal back as it was
 */
export function readTyped(typed: (text: string) => void, over: AbortSignal): Disposable {
  if (!Deno.stdin.isTerminal()) return { [Symbol.dispose]: () => {} };
  Deno.stdin.setRaw(true);
  void listen(typed, over);
  return { [Symbol.dispose]: () => Deno.stdin.setRaw(false) };
}

async function listen(typed: (text: string) => void, over: AbortSignal): Promise<void> {
  const bytes = new Uint8Array(64);
  while (!over.aborted) {
    const count = await Deno.stdin.read(bytes).catch(() => null);
    if (count === null || over.aborted) return;
    typed(new TextDecoder().decode(bytes.subarray(0, count)));
  }
}

import { frameText, keysIn, type View } from "../core/view/view.ts";
import type { Clock } from "./clock.ts";
import { endSignal } from "./signals.ts";
import { hasColour } from "./terminal.ts";

const ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J";
const LEAVE = "\x1b[?25h\x1b[?1049l";
/** A terminal that does not say how large it is. */
const USUAL_SIZE = { columns: 80, rows: 24 };

/**
 * Shows a view on the whole terminal until somebody quits, or a signal ends it. The screen is then as
 * it was before, also after an error.
 *
 * @param refresh brings the view up to date; it is called before the first frame, and each second
 */
export async function showOnScreen(
  view: View,
  refresh: () => Promise<void>,
  clock: Clock,
): Promise<void> {
  await refresh(); // so that an error is told on the screen that stays
  using end = endSignal();
  const quit = new AbortController();
  const over = AbortSignal.any([end.signal, quit.signal]);
  const draw = (): void => write(frameText(view.render(sizeNow()), sizeNow(), hasColour()));
  const resized = (): void => {
    write("\x1b[2J");
    draw();
  };
  using screen = new DisposableStack();
  screen.defer(() => write(LEAVE));
  write(ENTER);
  if (Deno.stdin.isTerminal()) {
    Deno.stdin.setRaw(true);
    screen.defer(() => Deno.stdin.setRaw(false));
    void listen((key) => {
      if (view.onKey(key) === "quit") quit.abort();
      else draw();
    }, over);
  }
  Deno.addSignalListener("SIGWINCH", resized);
  screen.defer(() => Deno.removeSignalListener("SIGWINCH", resized));
  while (!over.aborted) {
    draw();
    await clock.sleep(untilSecond(clock.now()), over);
    if (!over.aborted) await refresh();
  }
}

/** Reads keys until the signal is aborted; a read that is under way then ends with the process. */
async function listen(onKey: (key: string) => void, over: AbortSignal): Promise<void> {
  const bytes = new Uint8Array(64);
  while (!over.aborted) {
    const count = await Deno.stdin.read(bytes).catch(() => null);
    if (count === null || over.aborted) return;
    for (const key of keysIn(new TextDecoder().decode(bytes.subarray(0, count)))) onKey(key);
  }
}

function sizeNow(): { columns: number; rows: number } {
  try {
    const { columns, rows } = Deno.consoleSize();
    return columns > 0 && rows > 0 ? { columns, rows } : USUAL_SIZE;
  } catch {
    return USUAL_SIZE;
  }
}

/** Seconds are shown, so frames change when they do. */
function untilSecond(now: number): number {
  return 1000 - now % 1000;
}

function write(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

import { frameText, keysIn, type View } from "./view.ts";
import type { Clock } from "../../os/clock.ts";
import { endSignal } from "../../os/signals.ts";
import { onResize, readTyped, writeScreen } from "../../os/screen.ts";
import { hasColour, sizeHere } from "../../os/terminal.ts";

const ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J";
const LEAVE = "\x1b[?25h\x1b[?1049l";

/**
 * Shows a full-screen view until the user quits or a signal ends it. The screen is then as
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
  const draw = (): void => writeScreen(frameText(view.render(sizeHere()), sizeHere(), hasColour()));
  const resized = (): void => {
    writeScreen("\x1b[2J");
    draw();
  };
  using screen = new DisposableStack();
  screen.defer(() => writeScreen(LEAVE));
  writeScreen(ENTER);
  screen.use(readTyped((text) => {
    for (const key of keysIn(text)) {
      if (view.onKey(key) === "quit") quit.abort();
      else draw();
    }
  }, over));
  screen.use(onResize(resized));
  while (!over.aborted) {
    draw();
    await clock.sleep(untilSecond(clock.now()), over);
    if (!over.aborted) await refresh();
  }
}

/** Seconds are shown, so frames change when they do. */
function untilSecond(now: number): number {
  return 1000 - now % 1000;
}

/** A line as it stood on the screen, and when. */
export interface Shown {
  /** With the escape sequences of its colours. */
  readonly text: string;
  /** Counted from the top of everything that was said. */
  readonly row: number;
  /** Seconds from the start. */
  readonly from: number;
  /** When another text took its place; null if none did. */
  readonly until: number | null;
}

/** Longer silences are cut to this, in seconds. */
const LONGEST_SILENCE = 1.4;
/** How long a countdown's step is shown, in seconds. */
const COUNTDOWN_STEP = 0.12;

/**
 * Reads what `script` recorded: the raw output, and for each piece of it how long after the one
 * before it came and how many bytes it has.
 */
export function readRecording(raw: Uint8Array, timing: string): Shown[] {
  const shown: Shown[] = [];
  const decoder = new TextDecoder();
  let [now, row, at, line, from, fresh] = [0, 0, 0, "", 0, true];
  const end = (until: number | null): void => {
    if (line !== "") shown.push({ text: line, row, from, until });
  };
  for (const entry of timing.trim().split("\n")) {
    const [seconds, bytes] = entry.split(" ").map(Number) as [number, number];
    const piece = decoder.decode(raw.subarray(at, at + bytes), { stream: true });
    at += bytes;
    const isCountdown = /\r(?!\n)/.test(piece);
    now += Math.min(seconds, isCountdown ? COUNTDOWN_STEP : LONGEST_SILENCE);
    for (const part of piece.split(/(\r\n|\n|\r)/)) {
      if (part === "\r\n" || part === "\n") {
        end(null);
        [row, line, fresh] = [row + 1, "", true];
      } else if (part === "\r") {
        end(now);
        [line, fresh] = ["", true];
      } else if (part !== "") {
        if (fresh) from = now;
        fresh = false;
        line += part;
      }
    }
  }
  end(null);
  return shown;
}

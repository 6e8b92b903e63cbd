import type { Status } from "../../server/status.ts";
import { type Line, span } from "../../os/ink.ts";
import { type Size, statusFrame } from "./status_frame.ts";
import type { View } from "./view.ts";

const KEYS = " q quit   ↑ ↓ scroll through the bans";

/** What `c3po status --watch` shows, and what the keys do. */
export class StatusView implements View {
  #status: Status | null = null;
  #scroll = 0;

  /** Shows this from now on. */
  show(status: Status): void {
    this.#status = status;
    this.#scrollBy(0);
  }

  render({ columns, rows }: Size): Line[] {
    if (this.#status === null) return [];
    const frame = statusFrame(this.#status, { columns, rows: rows - 1 }, this.#scroll);
    const filling = Array.from({ length: Math.max(0, rows - 1 - frame.length) }, (): Line => []);
    return [...frame, ...filling, [span(KEYS, "faint")]].slice(-rows);
  }

  onKey(key: string): "go on" | "quit" {
    if (key === "q" || key === "escape" || key === "ctrl-c") return "quit";
    if (key === "down" || key === "j") this.#scrollBy(1);
    if (key === "up" || key === "k") this.#scrollBy(-1);
    if (key === "home") this.#scroll = 0;
    return "go on";
  }

  #scrollBy(lines: number): void {
    const most = Math.max(0, (this.#status?.bans?.length ?? 0) - 1);
    this.#scroll = Math.min(most, Math.max(0, this.#scroll + lines));
  }
}

/// <reference lib="dom" />
import { MINUTE_MS, minuteAt, minuteStart } from "../schedule/minute.ts";
import { copyText } from "./copy.ts";
import { element, say, show, spelled } from "./dom.ts";
import { describe, type Entry } from "./entry.ts";

/** So many seconds before the change the next port is what one should type. */
const ENDING_S = 10;
/** For so long the page says that something has been copied, in milliseconds. */
const COPIED_MS = 2_000;

/** The large part of the page: one host, its port, and what to do with it. */
export class Card {
  #entry: Entry | null = null;
  #announced = "";

  /** Wires up the buttons. */
  constructor() {
    element("copy-port").addEventListener(
      "click",
      () => void this.#copy("copy-port", (port) => `${port}`),
    );
    element("copy-command").addEventListener("click", () => {
      void this.#copy("copy-command", (port) => this.#entry?.command(port) ?? "");
    });
    element("open").addEventListener("click", (event) => void this.#open(event));
  }

  /** Shows another host, or none. */
  show(entry: Entry | null): void {
    this.#entry = entry;
    this.#announced = ""; // who chose it has heard its name already
    show("card", entry !== null);
    if (entry === null) return;
    say("card-name", entry.host.name);
    say("card-target", entry.host.target);
    say("key-note", `${describe(entry.note)}.`);
    show("open", entry.target !== null);
    show("copy-command", entry.target !== null);
  }

  /** Brings ports and countdown up to date; called each second. */
  render(now: number): void {
    const entry = this.#entry;
    if (entry === null) return;
    const minute = minuteAt(now);
    const port = entry.timetable.at(minute);
    const next = entry.timetable.at(minute + 1);
    const left = minuteStart(minute) + MINUTE_MS - now;
    const seconds = Math.ceil(left / 1000);
    say("port", port === undefined ? "·····" : String(port));
    say("port-spelled", port === undefined ? "" : `Port ${spelled(port)}, copy`);
    say("next-text", `next, from ${timeText(minuteStart(minute + 1))}`);
    say("next-port", next === undefined ? "" : String(next));
    say("left", `${seconds} s`);
    element("fill").style.transform = `scaleX(${left / MINUTE_MS})`;
    element("card").classList.toggle("ending", seconds <= ENDING_S);
    if (port !== undefined) {
      element("open").setAttribute("href", entry.link(port) ?? "#");
      this.#announce(`${entry.host.name}: port ${spelled(port)}`);
    }
  }

  /** A screen reader hears a port once when it changes, and nothing of the seconds. */
  #announce(text: string): void {
    if (text === this.#announced) return;
    if (this.#announced !== "" && !document.hidden) say("status", text);
    this.#announced = text;
  }

  /** A page that slept may show a port of the past: what is taken from it is computed now. */
  async #portNow(): Promise<number | undefined> {
    const minute = minuteAt(Date.now());
    return this.#entry?.timetable.at(minute) ?? await this.#entry?.timetable.prepare(minute);
  }

  async #copy(button: string, text: (port: number) => string): Promise<void> {
    const port = await this.#portNow();
    if (port === undefined) return;
    const done = await copyText(text(port));
    this.render(Date.now());
    const place = element(button === "copy-port" ? "copied" : button);
    const before = place.dataset["text"] ??= place.textContent ?? "";
    place.textContent = done ? "copied" : "this browser does not let pages copy";
    say("status", done ? `Copied ${spelled(port)}` : "Not copied");
    element(button).classList.add("done");
    setTimeout(() => {
      place.textContent = before;
      element(button).classList.remove("done");
    }, COPIED_MS);
  }

  async #open(event: Event): Promise<void> {
    const entry = this.#entry;
    const shown = entry?.timetable.at(minuteAt(Date.now()));
    if (entry === null || element("open").getAttribute("href") === entry.link(shown ?? 0)) return;
    event.preventDefault();
    const port = await this.#portNow();
    const link = port === undefined ? null : entry.link(port);
    if (link !== null) location.assign(link);
  }
}

function timeText(ms: number): string {
  return new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

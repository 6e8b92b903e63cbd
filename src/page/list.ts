/// <reference lib="dom" />
import { element, spelled } from "./dom.ts";
import type { Entry } from "./entry.ts";

/** The list of all hosts, each with its port. */
export class List {
  readonly #choose: (name: string) => void;
  #rows: { readonly entry: Entry; readonly port: HTMLElement }[] = [];

  /** @param choose called with the name of the selected host */
  constructor(choose: (name: string) => void) {
    this.#choose = choose;
  }

  /** Shows other hosts. */
  show(entries: readonly Entry[], selected: string | null): void {
    this.#rows = entries.map((entry) => ({ entry, port: part("port") }));
    element("list").replaceChildren(...this.#rows.map(({ entry, port }) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-current", String(entry.host.name === selected));
      button.addEventListener("click", () => this.#choose(entry.host.name));
      const name = part("name");
      name.textContent = entry.host.name;
      button.append(name, port);
      item.append(button);
      return item;
    }));
  }

  /** Brings the ports up to date. */
  render(minute: number): void {
    for (const { entry, port } of this.#rows) {
      const number = entry.timetable.at(minute);
      const text = number === undefined ? "·····" : String(number);
      if (port.textContent === text) continue;
      port.textContent = text;
      if (number !== undefined) port.setAttribute("aria-label", `port ${spelled(number)}`);
    }
  }
}

function part(kind: string): HTMLElement {
  const span = document.createElement("span");
  span.className = kind;
  if (kind === "port") span.setAttribute("role", "text");
  return span;
}

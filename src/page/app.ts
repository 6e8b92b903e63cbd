/// <reference lib="dom" />
import { minuteAt } from "../schedule/minute.ts";
import { Card } from "./card.ts";
import { element, say, show } from "./dom.ts";
import { Entry } from "./entry.ts";
import { Form } from "./form.ts";
import type { SavedHost } from "./hosts.ts";
import { List } from "./list.ts";
import { load, onChange, save } from "./store.ts";

/** The page at work: which hosts there are, and which one is shown. */
export class App {
  readonly #card = new Card();
  readonly #list = new List((name) => this.#select(name));
  readonly #form = new Form({
    keep: (host, instead) => void this.#keep(host, instead),
    has: (name) => this.#hosts.some((host) => host.name === name),
    cancelled: () => {
      this.#arrange();
      element(this.#hosts.length > 0 ? "copy-port" : "key").focus();
    },
  });
  #hosts: readonly SavedHost[] = [];
  #entries: readonly Entry[] = [];
  #selected: string | null = null;

  /** Wires up the buttons. */
  constructor() {
    element("add").addEventListener("click", () => this.edit(null));
    element("edit").addEventListener("click", () => this.edit(this.#current()?.host ?? null));
    element("remove").addEventListener("click", () => void this.#remove());
    element("forget").addEventListener("click", () => void this.#forget());
    onChange(() => void this.open());
  }

  /** Shows what the browser has kept. */
  async open(): Promise<void> {
    const { hosts, selected } = load();
    await this.#take(hosts, selected);
  }

  /** Opens the form, with a key that came with the address if there was one. */
  edit(host: SavedHost | null, line?: string): void {
    this.#form.open(host, line);
    this.#arrange();
    this.#form.focus();
  }

  /** Brings everything up to date; called each second, and when the page wakes up. */
  async tick(now: number): Promise<void> {
    const minute = minuteAt(now);
    this.#render(now);
    await Promise.all(this.#entries.map(({ timetable }) => timetable.prepare(minute)));
    this.#render(now);
  }

  #render(now: number): void {
    this.#card.render(now);
    this.#list.render(minuteAt(now));
  }

  async #take(hosts: readonly SavedHost[], selected: string | null): Promise<void> {
    this.#hosts = hosts;
    this.#entries = await Promise.all(
      hosts.map((host) => this.#entries.find((entry) => entry.host === host) ?? Entry.open(host)),
    );
    this.#selected = hosts.some(({ name }) => name === selected)
      ? selected
      : hosts[0]?.name ?? null;
    this.#arrange();
    this.#card.show(this.#current());
    this.#list.show(this.#entries, this.#selected);
    await this.tick(Date.now());
  }

  #arrange(): void {
    const none = this.#hosts.length === 0;
    if (none && !this.#form.isOpen) this.#form.open(null);
    show("columns", true);
    show("others", !none);
    show("card", !none && !this.#form.isOpen);
    show("cancel", !none);
    element("columns").classList.toggle("both", !none);
  }

  #current(): Entry | null {
    return this.#entries.find(({ host }) => host.name === this.#selected) ?? null;
  }

  #select(name: string): void {
    this.#form.close();
    this.#save(this.#hosts, name);
    void this.#take(this.#hosts, name).then(() => element("copy-port").focus());
  }

  async #keep(host: SavedHost, instead: string | null): Promise<void> {
    const hosts = instead === null
      ? [...this.#hosts, host]
      : this.#hosts.map((each) => each.name === instead ? host : each);
    this.#save(hosts, host.name);
    await this.#take(hosts, host.name);
    say("status", `${host.name} is kept`);
    element("copy-port").focus();
  }

  async #remove(): Promise<void> {
    const entry = this.#current();
    if (entry === null || !confirm(`Remove ${entry.host.name} and its key from this device?`)) {
      return;
    }
    const hosts = this.#hosts.filter((host) => host !== entry.host);
    this.#save(hosts, null);
    await this.#take(hosts, null);
    say("status", `${entry.host.name} is removed`);
    element(hosts.length > 0 ? "copy-port" : "key").focus();
  }

  async #forget(): Promise<void> {
    if (!confirm("Remove all hosts and their keys from this device?")) return;
    this.#save([], null);
    await this.#take([], null);
    say("status", "All keys are removed");
  }

  #save(hosts: readonly SavedHost[], selected: string | null): void {
    show("forgetful", !save({ hosts, selected }) && hosts.length > 0);
  }
}

import type { Family } from "../core/address.ts";
import { C3poError } from "../core/errors.ts";
import type { Clock } from "../host/clock.ts";
import { backendHere, saveRules } from "../host/iptables.ts";
import { watchRules } from "../host/rule_events.ts";

/** Until a monitor that was started surely listens, its silence means nothing. */
const START_MS = 2500;
/** Between one that did not last so long and the next. */
const RETRY_MS = 30_000;

/** The rules of all tools as they were last read, and an ear for whoever changes them. */
export class RuleBook {
  readonly #pages = new Map<Family, string>();
  readonly #authors = new Set<string>();
  #hears = false;
  #heardSoFar = 0;
  #told: () => void = () => {};
  #dismiss: () => void = () => {};

  /** Whether a change of rules would be heard. */
  get hears(): boolean {
    return this.#hears;
  }

  /** How often something was heard. */
  get heard(): number {
    return this.#heardSoFar;
  }

  /** Who was heard changing rules since this was last asked, as far as they say who they are. */
  takeAuthors(): string[] {
    const authors = [...this.#authors];
    this.#authors.clear();
    return authors;
  }

  /** Has somebody told of each change that is heard. */
  tell(told: () => void): void {
    this.#told = told;
  }

  /** Reads the rules of a family, as `iptables-save` prints them. */
  async read(family: Family): Promise<string> {
    const text = await saveRules(family);
    this.#pages.set(family, text);
    return text;
  }

  /** The rules of a family as they were last read, unless a change was heard since. */
  async recent(family: Family): Promise<string> {
    return this.#pages.get(family) ?? await this.read(family);
  }

  /** The rules may not be what was last read, though nothing was heard of it. */
  doubt(): void {
    this.#pages.clear();
    this.#told();
  }

  /** What listens does not hear: something else is to listen in its place. */
  distrust(): void {
    this.#hears = false;
    this.#dismiss();
    this.doubt();
  }

  /** Listens until the signal is aborted, where that is possible. */
  async run(clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let lasted = false;
      try {
        if (await backendHere() === "legacy") return; // its changes make no sound
        lasted = await this.#listen(clock, signal);
      } catch (error) {
        if (!(error instanceof C3poError)) throw error;
      }
      this.#hears = false;
      if (lasted) this.doubt(); // it may have ended over the very change that it should have told
      await clock.sleep(lasted ? START_MS : RETRY_MS, signal);
    }
  }

  /** @returns whether it could be relied on for a while */
  async #listen(clock: Clock, signal: AbortSignal): Promise<boolean> {
    const end = new AbortController();
    this.#dismiss = () => end.abort();
    // Not AbortSignal.any(): a signal that lasts would go on knowing every one derived from it.
    signal.addEventListener("abort", this.#dismiss, { once: true });
    if (signal.aborted) end.abort();
    const watch = watchRules((by) => this.#hear(by), end.signal).finally(() => end.abort());
    await clock.sleep(START_MS, end.signal);
    const lasted = this.#hears = !end.signal.aborted;
    await watch;
    signal.removeEventListener("abort", this.#dismiss);
    return lasted;
  }

  #hear(by: string | null): void {
    this.#heardSoFar++;
    if (by !== null) this.#authors.add(by);
    this.doubt();
  }
}

import type { Family } from "../core/address.ts";
import { C3poError } from "../core/errors.ts";
import type { Clock } from "../host/clock.ts";
import { backendHere, saveRules } from "../host/iptables.ts";
import { watchRules } from "../host/rule_events.ts";

/** Until a monitor that was started surely listens, its silence means nothing. */
const START_MS = 1500;
const RETRY_MS = 30_000;

/** The rules of all tools as they were last read, and an ear for whoever changes them. */
export class RuleBook {
  readonly #pages = new Map<Family, string>();
  readonly #authors = new Set<string>();
  #hears = false;
  #told: () => void = () => {};

  /** Whether a change of rules would be heard. */
  get hears(): boolean {
    return this.#hears;
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

  /** Listens until the signal is aborted, where that is possible. */
  async run(clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (await backendHere() === "legacy") return; // its changes make no sound
        let ended = false;
        const watch = watchRules((by) => this.#heard(by), signal).finally(() => ended = true);
        await clock.sleep(START_MS, signal);
        this.#hears = !ended;
        await watch;
      } catch (error) {
        if (!(error instanceof C3poError)) throw error;
      }
      this.#hears = false;
      await clock.sleep(RETRY_MS, signal);
    }
  }

  #heard(by: string | null): void {
    if (by !== null) this.#authors.add(by);
    this.#pages.clear();
    this.#told();
  }
}

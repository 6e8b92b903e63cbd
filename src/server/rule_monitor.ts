import type { Firewall } from "../firewall/firewall.ts";
import type { Clock } from "../os/clock.ts";
import { C3poError } from "../os/errors.ts";
import { eventLog } from "../os/event_log.ts";
import type { Task } from "./ticker.ts";

/** What a monitor tells, and to whom. */
export interface Monitored {
  readonly firewall: Pick<Firewall, "watch">;
  /** Called when others changed rules, or may have. */
  readonly rulesChanged: () => void;
}

/** After a monitor has ended, until the next one is started, in milliseconds; longer if it ended at once. */
const RESTART_MS = 5000;
const RETRY_MS = 30_000;
/**
 * What is heard so soon after we changed rules was most likely our own doing, in milliseconds: it is no
 * reason to hurry, and rules are read a little later all the same.
 */
const ECHO_MS = 1000;
/**
 * So long after a monitor was started, in milliseconds, others are taken to have changed rules: it does not say
 * when it begins to hear, and a busy machine takes its time. For an echo the first of these times is enough.
 */
const UNHEARD_MS = [3000, 30_000];

const log = eventLog("firewall");

/** Hears when rules are changed in the kernel, and tells others' doing from our own. */
export class RuleMonitor implements Task {
  readonly what = "look for changes of rules";
  readonly #monitored: Monitored;
  readonly #clock: Clock;
  readonly #authors = new Set<string>();
  #told = 0;
  #heard = 0;
  #ownChangeAt = -Infinity;
  #isWatching = false;
  #end: () => void = () => {};
  /** Since when others may have changed rules without a word, and when that is looked for. */
  #unheardAt = -Infinity;
  #looks: readonly number[] = [];

  constructor(monitored: Monitored, clock: Clock) {
    this.#monitored = monitored;
    this.#clock = clock;
  }

  /** How often there was reason to read rules. */
  get told(): number {
    return this.#told;
  }

  /** How often it was not our own doing. */
  get heard(): number {
    return this.#heard;
  }

  /** Whether there is anything that would tell of a change. */
  get isWatching(): boolean {
    return this.#isWatching;
  }

  /** The programs that changed rules since this was last asked. */
  takeAuthors(): string {
    const authors = [...this.#authors].join(",");
    this.#authors.clear();
    return authors;
  }

  /** Rules are changed by us, or were a moment ago. */
  ownChange(): void {
    this.#ownChangeAt = this.#clock.now();
  }

  /** Has a monitor that missed something replaced. */
  restart(): void {
    log.warn("monitor_silent", "the ruleset monitor missed a change, restarting it");
    this.#end();
  }

  /** Has rules of others read where nothing may have told of a change. */
  run(now: number): Promise<boolean> {
    const due = this.#looks.filter((after) => Math.abs(now - this.#unheardAt) >= after);
    this.#looks = this.#looks.slice(due.length);
    if (due.length > 0) this.#monitored.rulesChanged();
    return Promise.resolve(false);
  }

  /** Listens until the signal is aborted. @param changed called for each change that is not our own */
  async watch(changed: () => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const end = new AbortController();
      this.#end = () => end.abort();
      signal.addEventListener("abort", this.#end, { once: true });
      const startedAt = this.#clock.now();
      this.#isWatching = true;
      this.#lookAfter(UNHEARD_MS);
      try {
        await this.#monitored.firewall.watch((by) => {
          this.#told++;
          if (Math.abs(this.#clock.now() - this.#ownChangeAt) < ECHO_MS) {
            if (this.#looks.length === 0) this.#lookAfter(UNHEARD_MS.slice(0, 1));
            return;
          }
          this.#heard++;
          if (by !== null) this.#authors.add(by);
          this.#monitored.rulesChanged();
          changed();
        }, end.signal);
      } catch (error) {
        if (!(error instanceof C3poError)) throw error;
        log.debug("monitor_ended", "the ruleset monitor ended", { error: error.message });
      }
      signal.removeEventListener("abort", this.#end);
      this.#isWatching = false;
      this.#told++; // it may have ended over the very change that it should have told
      const lasted = Math.abs(this.#clock.now() - startedAt) > RESTART_MS;
      await this.#clock.sleep(lasted ? RESTART_MS : RETRY_MS, signal);
    }
  }

  #lookAfter(looks: readonly number[]): void {
    this.#unheardAt = this.#clock.now();
    this.#looks = looks;
  }
}

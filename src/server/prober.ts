import { C3poError } from "../os/errors.ts";
import { eventLog } from "../os/event_log.ts";
import type { Finding } from "../os/finding.ts";
import type { Counters } from "./counters.ts";

const log = eventLog("probe");

/** Probes the rules in the background, whenever they were put in place. */
export class Prober {
  readonly #probe: () => Promise<readonly Finding[]>;
  readonly #counters: Counters;
  #wanted = Promise.withResolvers<void>();

  /** @param probe throws a failure where it cannot be done */
  constructor(probe: () => Promise<readonly Finding[]>, counters: Counters) {
    this.#probe = probe;
    this.#counters = counters;
  }

  /** Rules were put in place. */
  request(): void {
    this.#wanted.resolve();
  }

  /** Probes at each request, until the signal is aborted or it turns out that it cannot be done here. */
  async run(now: () => number, signal: AbortSignal): Promise<void> {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => resolve(), { once: true });
    for (;;) {
      await Promise.race([this.#wanted.promise, ended]);
      if (signal.aborted) return;
      this.#wanted = Promise.withResolvers();
      try {
        this.#tell(await this.#probe(), now());
      } catch (error) {
        if (!(error instanceof C3poError)) throw error;
        log.warn("probe_impossible", "cannot try the rules from here", {
          error: error.message,
          ...error.hint === undefined ? {} : { next: error.hint },
        });
        await ended;
      }
    }
  }

  #tell(findings: readonly Finding[], at: number): void {
    for (const { grade, found, todo } of findings) {
      const fields = todo === undefined ? {} : { next: todo };
      if (grade === "fail") log.error("probe_failed", found, fields);
      else if (grade === "warn") log.warn("probe_unclear", found, fields);
      else log.info("probe_passed", found, fields);
    }
    const failed = findings.filter(({ grade }) => grade === "fail").map(({ found }) => found);
    this.#counters.probed({ at, failed: failed.length === 0 ? null : failed.join("; ") });
  }
}

import { getLogger } from "@logtape/logtape";
import { DEFAULT_BANNER } from "../core/tarpit.ts";
import type { Clock } from "../host/clock.ts";
import { bannerOf } from "../host/listener.ts";

/** sshd may start after us. */
const UNKNOWN_MS = 10_000;
/** sshd may be updated while we run. */
const KNOWN_MS = 3_600_000;

const log = getLogger(["c3po", "serve"]);

/** What the real sshd says first, for the tarpit to say the same. */
export class Banner {
  readonly #sshPort: number;
  #line: string | null = null;

  constructor(sshPort: number) {
    this.#sshPort = sshPort;
  }

  /** The line, or a likely one as long as sshd has not been heard. */
  get line(): string {
    return this.#line ?? DEFAULT_BANNER;
  }

  /** Asks sshd for the first time. */
  async hear(): Promise<void> {
    await this.#ask();
    if (this.#line !== null) return;
    log.warn("no sshd answers, the ports will lead nowhere", { port: this.#sshPort });
  }

  /** Asks again from time to time, until the signal is aborted. */
  async run(clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(this.#line === null ? UNKNOWN_MS : KNOWN_MS, signal);
      if (!signal.aborted) await this.#ask();
    }
  }

  async #ask(): Promise<void> {
    this.#line = await bannerOf(this.#sshPort) ?? this.#line;
  }
}

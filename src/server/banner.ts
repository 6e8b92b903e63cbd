import type { Clock } from "../os/clock.ts";
import { eventLog } from "../os/event_log.ts";
import { DEFAULT_BANNER } from "../os/listener.ts";
import type { Machine } from "./machine.ts";
import type { ServiceSetting } from "./service_settings.ts";

/** sshd may start after us. */
const UNKNOWN_MS = 30_000;
/** sshd may be updated while we run. */
const KNOWN_MS = 3_600_000;

const log = eventLog("sshd");

const SILENCE = new Uint8Array();

/** What the real sshd and the other services say first, for the tarpit to say the same. */
export class Banner {
  readonly #sshPort: number;
  readonly #services: readonly ServiceSetting[];
  readonly #machine: Pick<Machine, "banner" | "greeting">;
  #line: string | null = null;
  readonly #greetings = new Map<string, Uint8Array>();

  /** @param services those beside sshd */
  constructor(
    sshPort: number,
    services: readonly ServiceSetting[],
    machine: Pick<Machine, "banner" | "greeting">,
  ) {
    this.#sshPort = sshPort;
    this.#services = services.filter(({ proto }) => proto !== "udp");
    this.#machine = machine;
  }

  /** The line, or a likely one as long as sshd has not answered. */
  get line(): string {
    return this.#line ?? DEFAULT_BANNER;
  }

  /** What a service beside sshd says first; nothing as long as it has not answered. */
  greeting(service: string): Uint8Array {
    return this.#greetings.get(service) ?? SILENCE;
  }

  /** Asks sshd again from time to time, until the signal is aborted. */
  async run(clock: Clock, signal: AbortSignal): Promise<void> {
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      this.#line = await this.#machine.banner(this.#sshPort) ?? this.#line;
      if (isFirst && this.#line === null) {
        log.warn("sshd_silent", "sshd does not answer yet; logins fail until it does", {
          port: this.#sshPort,
        });
      }
      const isKnown = await this.#askServices() && this.#line !== null;
      await clock.sleep(isKnown ? KNOWN_MS : UNKNOWN_MS, signal);
    }
  }

  /**
   * Each once: some services count clients that leave without a word, and shut them out in the end.
   *
   * @returns whether all have answered
   */
  async #askServices(): Promise<boolean> {
    const unknown = this.#services.filter(({ name }) => !this.#greetings.has(name));
    const greetings = await Promise.all(unknown.map(({ port }) => this.#machine.greeting(port)));
    for (const [i, { name }] of unknown.entries()) {
      const greeting = greetings[i] ?? null;
      if (greeting !== null) this.#greetings.set(name, greeting);
    }
    return this.#greetings.size === this.#services.length;
  }
}

import { formatDuration } from "../os/duration.ts";
import { C3poError, RolledBack } from "../os/errors.ts";
import { Arrivals } from "../os/process_stat.ts";
import { eventLog } from "../os/event_log.ts";
import type { Session } from "../os/socket_tables.ts";
import type { Clock } from "../os/clock.ts";
import { startWatchdog, type Watchdog } from "../os/watchdog.ts";
import { loggedIn, sessionsNow } from "../os/logins.ts";

const LOOK_SECONDS = 1;
/** What is left of a trial is told at these times, in seconds before its end, and each minute. */
const TOLD = [30, 10, 5];

const log = eventLog("trial");

/**
 * `--try`: everything is rolled back unless a login through C3PO is seen in time.
 *
 * Made before the first change, so that the sessions from before are known: later ones from other
 * machines can only have come in through C3PO, since new direct connections are dropped. A watchdog
 * in a process of its own rolls back if this process dies or hangs.
 */
export class Trial {
  readonly #seconds: number;
  readonly #sshPort: number;
  readonly #isService: boolean;
  readonly #arrivals: Arrivals;
  #watchdog: Watchdog | null;
  readonly #clock: Clock;
  #passed = false;

  private constructor(
    seconds: number,
    sshPort: number,
    isService: boolean,
    arrivals: Arrivals,
    watchdog: Watchdog,
    clock: Clock,
  ) {
    this.#seconds = seconds;
    this.#sshPort = sshPort;
    this.#isService = isService;
    this.#arrivals = arrivals;
    this.#watchdog = watchdog;
    this.#clock = clock;
  }

  /**
   * Starts the watchdog.
   *
   * @param seconds how long the trial lasts
   * @param isService whether a service manager would start us again
   * @throws {Failure} if the watchdog does not start: then nothing may be changed
   */
  static async begin(
    seconds: number,
    sshPort: number,
    isService: boolean,
    clock: Clock,
  ): Promise<Trial> {
    const { sessions, now } = await sessionsNow(sshPort);
    const task = ["serve", "--undo", "--try", `${seconds}s`, "--ssh-port", String(sshPort)];
    const watchdog = await startWatchdog(task);
    return new Trial(seconds, sshPort, isService, new Arrivals(sessions, now), watchdog, clock);
  }

  /** Whether a login was seen. */
  get passed(): boolean {
    return this.#passed;
  }

  /** Nothing of ours is in the kernel any more, or what is there has proved good. */
  async end(): Promise<void> {
    const watchdog = this.#watchdog;
    this.#watchdog = null;
    await watchdog?.dismiss();
  }

  /**
   * Waits for a login.
   *
   * @throws {RolledBack} if the time is over before there was one
   */
  async run(signal: AbortSignal): Promise<void> {
    for (let left = this.#seconds; left > 0 && !signal.aborted;) {
      const began = performance.now();
      const logins = await this.#findLogins();
      if (logins.length > 0) return await this.#pass(logins);
      if (left === this.#seconds || left % 60 === 0 || TOLD.includes(left)) this.#tell(left);
      // On a busy machine a look takes its time, and the watchdog waits no longer for that.
      const tookMs = performance.now() - began;
      await this.#clock.sleep(Math.max(0, LOOK_SECONDS * 1000 - tookMs), signal);
      left -= Math.max(LOOK_SECONDS, Math.round(tookMs / 1000));
    }
    if (signal.aborted) return;
    const time = formatDuration(this.#seconds);
    const what = `rolled back: no login through C3PO within ${time}`;
    throw new RolledBack(what, this.#isService, {
      hint: "plain SSH answers as before; c3po check shows what may be wrong",
    });
  }

  #tell(left: number): void {
    log.warn("trial_pending", "rolling back unless someone logs in", {
      left: formatDuration(left),
      next: "log in from another terminal with c3po ssh HOST, and stay for a moment",
    });
  }

  async #pass(logins: readonly Session[]): Promise<void> {
    this.#passed = true;
    log.info("trial_passed", "login seen, keeping the configuration", {
      address: [...new Set(logins.map(({ address }) => address))].join(","),
      ...this.#isService
        ? { next: "remove try from the configuration, or each start is a trial" }
        : {},
    });
    await this.end();
  }

  async #findLogins(): Promise<Session[]> {
    try {
      const { sessions, now } = await sessionsNow(this.#sshPort);
      return await loggedIn(this.#arrivals.look(sessions, now), this.#sshPort);
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      log.error("trial_blind", "cannot read logins", { error: error.message });
      return [];
    }
  }
}

import { getLogger } from "@logtape/logtape";
import { formatDuration } from "../core/duration.ts";
import { C3poError, RolledBack } from "../core/errors.ts";
import { Arrivals } from "../core/logins.ts";
import type { Session } from "../core/sockets.ts";
import type { Clock } from "../host/clock.ts";
import { type Guardian, postGuardian } from "../host/guardian.ts";
import { loggedIn, sessionsNow } from "../host/logins.ts";

const LOOK_SECONDS = 1;
/** What is left of a trial is told at these times, in seconds before its end, and each minute. */
const TOLD = [30, 10, 5];

const log = getLogger(["c3po", "trial"]);

/**
 * `--try`: everything is rolled back unless somebody logs in through a C3PO port in time.
 *
 * Made before the first change, so that the sessions from before are known: later ones from other
 * machines can only have come in through C3PO, since new direct connections are dropped. A guardian
 * in a process of its own rolls back if this process dies or hangs.
 */
export class Trial {
  readonly #seconds: number;
  readonly #sshPort: number;
  readonly #isService: boolean;
  readonly #arrivals: Arrivals;
  #guardian: Guardian | null;
  readonly #clock: Clock;
  #passed = false;

  private constructor(
    seconds: number,
    sshPort: number,
    isService: boolean,
    arrivals: Arrivals,
    guardian: Guardian,
    clock: Clock,
  ) {
    this.#seconds = seconds;
    this.#sshPort = sshPort;
    this.#isService = isService;
    this.#arrivals = arrivals;
    this.#guardian = guardian;
    this.#clock = clock;
  }

  /**
   * Posts the guardian.
   *
   * @param seconds how long the trial lasts
   * @param isService whether a service manager would start us again
   * @throws {Failure} if the guardian does not start: then nothing may be changed
   */
  static async begin(
    seconds: number,
    sshPort: number,
    isService: boolean,
    clock: Clock,
  ): Promise<Trial> {
    const { sessions, now } = await sessionsNow(sshPort);
    const task = ["serve", "--undo", "--try", `${seconds}s`, "--ssh-port", String(sshPort)];
    const guardian = await postGuardian(task);
    return new Trial(seconds, sshPort, isService, new Arrivals(sessions, now), guardian, clock);
  }

  /** Whether somebody has logged in. */
  get passed(): boolean {
    return this.#passed;
  }

  /** Nothing of ours is in the kernel any more, or what is there has proved good. */
  async end(): Promise<void> {
    const guardian = this.#guardian;
    this.#guardian = null;
    await guardian?.dismiss();
  }

  /**
   * Waits for a login.
   *
   * @throws {RolledBack} if the time is over before there was one
   */
  async run(signal: AbortSignal): Promise<void> {
    for (let left = this.#seconds; left > 0 && !signal.aborted; left -= LOOK_SECONDS) {
      const logins = await this.#findLogins();
      if (logins.length > 0) return await this.#pass(logins);
      if (left === this.#seconds || left % 60 === 0 || TOLD.includes(left)) this.#tell(left);
      await this.#clock.sleep(LOOK_SECONDS * 1000, signal);
    }
    if (signal.aborted) return;
    const time = formatDuration(this.#seconds);
    const what = `rolled back: nobody logged in through a C3PO port within ${time}`;
    throw new RolledBack(what, this.#isService, {
      hint: "plain SSH answers as before; c3po check tells what may be in the way",
    });
  }

  #tell(left: number): void {
    log.warn("everything is rolled back unless somebody logs in", {
      left: formatDuration(left),
      next: "log in with c3po ssh HOST from another terminal, and stay for a moment",
    });
  }

  async #pass(logins: readonly Session[]): Promise<void> {
    this.#passed = true;
    log.info("somebody logged in, the configuration stays", {
      address: [...new Set(logins.map(({ address }) => address))].join(","),
      ...this.#isService ? { next: "take try out of it: each start would be a trial" } : {},
    });
    await this.end();
  }

  async #findLogins(): Promise<Session[]> {
    try {
      const { sessions, now } = await sessionsNow(this.#sshPort);
      return await loggedIn(this.#arrivals.look(sessions, now));
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      log.error("cannot see whether somebody logged in", { error: error.message });
      return [];
    }
  }
}

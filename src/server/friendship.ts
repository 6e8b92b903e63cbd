import { getLogger } from "@logtape/logtape";
import { parseBanned } from "../core/address.ts";
import { C3poError } from "../core/errors.ts";
import { SessionAges } from "../core/friends.ts";
import type { Clock } from "../host/clock.ts";
import { restoreSets } from "../host/ipset.ts";
import type { Sockets } from "../host/sockets.ts";
import { loginGraceTime } from "../host/sshd.ts";
import { Alarm } from "./alarm.ts";
import type { Memory } from "./memory.ts";

/** While somebody is there to learn about, the sessions are looked at this often. */
const LOOK_SECONDS = 10;
/** The clock wakes us up to a second early. */
const LEAST_SECONDS = LOOK_SECONDS - 1;
/** Else we are told when there is something to see: each look makes the kernel walk through all connections. */
const IDLE_SECONDS = 3600;
/** A reading of the sockets that we are told of is this old at most. */
const FRESH_MS = 500;
/** The kernel is told of all friends again this often: it cannot keep the longest times at once. */
const REFRESH_MS = 86_400_000;

/** For servers that do not say: longer than any default (dropbear's is five minutes). */
const CAUTIOUS_GRACE = 600;

const log = getLogger(["c3po", "friends"]);

/** Learns from sessions that last who has logged in. */
export class Friendship {
  readonly #sshPort: number;
  readonly #memory: Memory;
  readonly #clock: Clock;
  readonly #sockets: Sockets;
  readonly #ages = new SessionAges(LEAST_SECONDS);
  readonly #alarm: Alarm;
  #lookedAt = -Infinity;
  #grace: number | undefined;

  constructor(sshPort: number, sockets: Sockets, memory: Memory, clock: Clock) {
    this.#sshPort = sshPort;
    this.#sockets = sockets;
    this.#memory = memory;
    this.#clock = clock;
    this.#alarm = new Alarm(clock);
    sockets.tell(() => this.#alarm.ring());
  }

  /** Somebody came in to sshd a moment ago. */
  came(): void {
    this.#alarm.ring();
  }

  /** Takes the first look: who is here now may have come before sshd's own port was hidden. */
  async begin(): Promise<void> {
    await this.#unlessBroken(() => this.#look());
  }

  /** Looks at the sessions until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    for (let refreshed = this.#clock.now();;) {
      await this.#alarm.sleep((this.#ages.waits ? LOOK_SECONDS : IDLE_SECONDS) * 1000, signal);
      const early = this.#lookedAt + LOOK_SECONDS * 1000 - performance.now();
      if (early > 0) await this.#clock.sleep(early, signal);
      if (signal.aborted) return;
      await this.#unlessBroken(async () => {
        await this.#look();
        if (Math.abs(this.#clock.now() - refreshed) <= REFRESH_MS) return;
        refreshed = this.#clock.now();
        this.#grace = undefined;
        await restoreSets(this.#memory.friends.entries(refreshed));
      });
    }
  }

  /** The next look may go better. */
  async #unlessBroken(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      log.error("cannot learn who has logged in", { error: error.message });
    }
  }

  async #look(): Promise<void> {
    this.#lookedAt = performance.now();
    const sessions = await this.#sockets.sessionsAt(this.#sshPort, FRESH_MS);
    this.#alarm.hush();
    // Not before somebody is there: at boot we are up before sshd is.
    if (sessions.length > 0) this.#grace ??= await this.#askGrace();
    const proven = this.#ages.look(sessions, this.#grace ?? CAUTIOUS_GRACE);
    const now = this.#clock.now();
    const { friends } = this.#memory;
    const news = new Set(
      proven.map((address) => parseBanned(address).text)
        .filter((unit) => friends.welcome(unit, now)),
    );
    if (news.size === 0) return;
    const fresh = friends.list(now).filter(({ address }) => news.has(address));
    await restoreSets(friends.entries(now, fresh));
    this.#memory.changed(now);
    for (const address of news) log.info("friend", { address });
  }

  /** @returns seconds after which a session proves a login */
  async #askGrace(): Promise<number> {
    const grace = await loginGraceTime() ?? CAUTIOUS_GRACE;
    if (grace > 0) return grace;
    // Whom sshd lets stay for ever unauthenticated, staying proves nothing.
    log.warn("sshd sets no limit to the time for logging in, so logins cannot be told", {
      next: "set LoginGraceTime in sshd_config, or serve --friends off",
    });
    return Infinity;
  }
}

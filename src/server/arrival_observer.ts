import type { Activity, Touch } from "../firewall/firewall.ts";
import type { Address } from "../os/address.ts";
import type { Clock } from "../os/clock.ts";
import { C3poError } from "../os/errors.ts";
import { eventLog } from "../os/event_log.ts";
import { RateLimiter } from "../os/rate_limiter.ts";
import { minuteAt } from "../schedule/minute.ts";
import { CANARY_SERVICE } from "../schedule/open_doors.ts";
import type { Door, Window } from "../schedule/windows.ts";
import { readArrivals, writeArrivals } from "../users/arrival_file.ts";
import type { ArrivalLedger } from "../users/arrival_ledger.ts";
import type { Counters } from "./counters.ts";
import type { Task } from "./ticker.ts";

/** A completed connection through a door. */
export interface Guest {
  readonly source: Address;
  readonly port: number;
  /** The doors it may have come through; none if they are no longer known. */
  readonly doors: readonly Door[];
}

/** What the kernel noted is read this long after it happened, at most, in seconds. */
const LATE_SECONDS = 12;
/** What is new is written this often at most, in milliseconds. */
const WRITE_MS = 5000;
const RETRY_MS = 60_000;

const LOG_LINES = 20;
const LOG_WINDOW_MS = 1000;

const log = eventLog("users");

/** Tells whose ports are used, by whom, and remembers it. */
export class ArrivalObserver implements Task {
  readonly what = "save who came";
  readonly ledger: ArrivalLedger;
  readonly #stateFolder: string;
  readonly #windows: () => readonly (readonly Window[])[];
  readonly #counters: Counters;
  readonly #clock: Clock;
  readonly #limiter = new RateLimiter(LOG_LINES, LOG_WINDOW_MS);
  /** What was told in this minute. */
  #told = new Set<string>();
  #toldMinute = 0;
  #isDirty = false;
  #dueAt = -Infinity;

  private constructor(
    stateFolder: string,
    ledger: ArrivalLedger,
    windows: () => readonly (readonly Window[])[],
    counters: Counters,
    clock: Clock,
  ) {
    this.ledger = ledger;
    this.#stateFolder = stateFolder;
    this.#windows = windows;
    this.#counters = counters;
    this.#clock = clock;
  }

  /** @param windows those that were in the kernel since the last look, in their order */
  static async open(
    stateFolder: string,
    windows: () => readonly (readonly Window[])[],
    counters: Counters,
    clock: Clock,
  ): Promise<ArrivalObserver> {
    const ledger = await readArrivals(stateFolder, (reason) => {
      log.warn("arrivals_damaged", "cannot read who came before", { reason });
    });
    return new ArrivalObserver(stateFolder, ledger, windows, counters, clock);
  }

  /** Records connections through doors. */
  take({ arrivals }: Pick<Activity, "arrivals">): Guest[] {
    const now = this.#clock.now();
    return arrivals.map((touch) => this.#take(touch, now));
  }

  async run(now: number): Promise<boolean> {
    this.#tellSuppressed(now);
    const left = this.#dueAt - now; // more than that if the clock was set back
    const isWaiting = left > 0 && left <= RETRY_MS;
    if (this.#isDirty && !isWaiting) await this.#write(now);
    return this.#isDirty && left <= WRITE_MS;
  }

  /** Writes what is not written yet, before the end. */
  async close(): Promise<void> {
    this.#tellSuppressed(Infinity);
    if (this.#isDirty) await this.#write(this.#clock.now());
  }

  #take({ source, port }: Touch, now: number): Guest {
    const doors = this.#doorsAt(port, now);
    this.#counters.arrival(doors);
    for (const { user, service } of doors) {
      this.ledger.add({ user, service, address: source.text, port, at: now });
    }
    this.#isDirty ||= doors.length > 0;
    if (doors.length > 0) this.#tell(source, port, doors, now);
    return { source, port, doors };
  }

  /** The doors that a port was when the connection was completed. */
  #doorsAt(port: number, now: number): Door[] {
    const seconds = now / 1000;
    for (const windows of this.#windows()) {
      const doors = windows.filter(({ from, until }) =>
        from <= seconds && until > seconds - LATE_SECONDS
      ).flatMap(({ doors, addressDoors = [] }): Door[] => [...doors, ...addressDoors])
        .filter((door) => door.port === port);
      if (doors.length === 0) continue; // perhaps of those that took their place
      return [...new Map(doors.map((door) => [`${door.user} ${door.service}`, door])).values()];
    }
    return [];
  }

  /** Once in a minute for each user, service and address. */
  #tell({ text }: Address, port: number, doors: readonly Door[], now: number): void {
    if (this.#toldMinute !== minuteAt(now)) this.#told = new Set();
    this.#toldMinute = minuteAt(now);
    const [{ service }] = doors as [Door];
    const user = doors.map(({ user }) => user).join(",");
    const key = `${user} ${service} ${text}`;
    if (this.#told.has(key) || !this.#limiter.take(now)) return;
    this.#told.add(key);
    if (service === CANARY_SERVICE) {
      const what = "someone has a key that is only watched for";
      return log.error("canary", what, { user, address: text, port });
    }
    log.info("arrival", "connected through a user's port", { user, service, address: text, port });
  }

  #tellSuppressed(now: number): void {
    const suppressed = this.#limiter.settle(now);
    if (suppressed > 0) {
      log.warn("arrivals_suppressed", "log rate limit reached, arrivals not logged", {
        suppressed,
      });
    }
  }

  /** A failure is told once a minute, and is no reason for anything else to fail. */
  async #write(now: number): Promise<void> {
    try {
      await writeArrivals(this.#stateFolder, this.ledger);
      this.#isDirty = false;
      this.#dueAt = now + WRITE_MS;
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      this.#dueAt = now + RETRY_MS;
      log.error("arrivals_unsaved", "cannot save who came, will retry", { error: error.message });
    }
  }
}

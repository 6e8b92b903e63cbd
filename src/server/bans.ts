import { getLogger } from "@logtape/logtape";
import { type Family, parseAddress, parseBanned } from "../core/address.ts";
import { LogBudget } from "../core/budget.ts";
import { forgivenBy } from "../core/changes.ts";
import { C3poError } from "../core/errors.ts";
import { addEntry, drainSets, elementOf, type SetText } from "../core/firewall/ipset.ts";
import { allowSet, banSet, hitSet, nextHitSet } from "../core/firewall/sets.ts";
import { type Hit, PendingHits, readHit } from "../core/hits.ts";
import type { Tally } from "../core/tally.ts";
import type { Clock } from "../host/clock.ts";
import { restoreSets } from "../host/ipset.ts";
import type { SetSession } from "../host/set_session.ts";
import { Alarm } from "./alarm.ts";
import type { Memory } from "./memory.ts";

/** What the keeper of the bans goes by. */
export interface BanOptions {
  readonly families: readonly Family[];
  /** With `syn` the kernel has banned a hit already; with `handshake` only arrivals are banned. */
  readonly trigger: "syn" | "handshake";
  readonly tally: Tally;
}

/**
 * How long it takes from one reading of the kernel's notes to the next, in milliseconds, unless we are
 * woken: longer from time to time while nothing happens. Arrivals in the tarpit do not wait.
 */
const SHORTEST_REST_MS = 1000;
const LONGEST_REST_MS = 60_000;
/** Arrivals within so many milliseconds are dealt with together. */
const GAP_MS = 50;

/** Arrivals that wait to be dealt with; in a crowd of more, the kernel's notes will do. */
const MOST_ARRIVALS = 4096;
/** Arrivals that each cost a question to the kernel, in one reading. */
const MOST_QUESTIONS = 64;

/** Bans the kernel has yet to be told of, if it cannot be told. */
const MOST_UNTOLD = 65_536;

const LOG_LINES = 20;
const LOG_WINDOW_MS = 1000;

const log = getLogger(["c3po", "bans"]);

/** Reads from the kernel who touched traps, and keeps those shut out who do it again. */
export class Bans {
  readonly #options: BanOptions;
  readonly #memory: Memory;
  readonly #sets: SetSession;
  readonly #clock: Clock;
  readonly #arrived = new Set<string>();
  readonly #pending = new PendingHits();
  readonly #untold: SetText[] = [];
  readonly #budget = new LogBudget(LOG_LINES, LOG_WINDOW_MS);
  readonly #alarm: Alarm;
  #rest = SHORTEST_REST_MS;

  constructor(options: BanOptions, memory: Memory, sets: SetSession, clock: Clock) {
    this.#options = options;
    this.#memory = memory;
    this.#sets = sets;
    this.#clock = clock;
    this.#alarm = new Alarm(clock);
  }

  /** Somebody completed a connection to a trap. */
  arrived(address: string): void {
    if (this.#arrived.size < MOST_ARRIVALS) this.#arrived.add(parseAddress(address).text);
    this.#alarm.ring();
  }

  /** There is something to read. */
  wake(): void {
    this.#alarm.ring();
  }

  /** Reads the kernel's notes until the signal is aborted, and once more then. */
  async run(signal: AbortSignal): Promise<void> {
    for (let last = false; !last;) {
      last = signal.aborted;
      try {
        await this.read();
        await this.#memory.writeDue(this.#clock.now());
      } catch (error) {
        if (!(error instanceof C3poError)) throw error;
        log.error("cannot keep the bans, trying again", { error: error.message });
      }
      if (last) break;
      if (this.#arrived.size === 0) await this.#alarm.sleep(this.#rest, signal);
      if (this.#arrived.size > 0) await this.#clock.sleep(GAP_MS, signal);
    }
    this.#settleLog(Infinity);
  }

  /** Reads the kernel's notes once, and bans whom the kernel has not banned, or not for long enough. */
  async read(): Promise<void> {
    const now = this.#clock.now();
    this.#settleLog(now);
    this.#alarm.hush();
    // First, so that nobody is banned again for what was just forgiven.
    const changes = await this.#memory.takeChanges(now);
    const isForgiven = forgivenBy(changes);
    const arrived = [...this.#arrived];
    const hits = await this.#readHits(isForgiven, now);
    await this.#receive(arrived, isForgiven, now);
    await this.#tellKernel();
    const isQuiet = changes.length + arrived.length + hits === 0;
    this.#rest = isQuiet ? Math.min(this.#rest * 2, LONGEST_REST_MS) : SHORTEST_REST_MS;
  }

  /** @returns how many there were */
  async #readHits(isForgiven: (unit: string) => boolean, now: number): Promise<number> {
    const pairs = this.#options.families.map((family) =>
      [hitSet(family), nextHitSet(family)] as const
    );
    let hits = 0;
    await this.#sets.print(drainSets(pairs), (lines) => {
      for (const line of lines) {
        const hit = readHit(line);
        if (hit === null) continue;
        hits++;
        this.#options.tally.hit(hit.unit.family);
        if (isForgiven(hit.unit.text)) continue;
        if (this.#bansArrivals(hit.unit.text, now)) this.#pending.add(hit);
        else this.#record(hit, "syn", now);
      }
    });
    return hits;
  }

  /** Deals with those who completed a connection. */
  async #receive(
    arrived: readonly string[],
    isForgiven: (unit: string) => boolean,
    now: number,
  ): Promise<void> {
    let questions = 0;
    for (const source of arrived) {
      const unit = parseBanned(source);
      if (this.#bansArrivals(unit.text, now) && !isForgiven(unit.text)) {
        let hit = this.#pending.take(source);
        if (hit === undefined) {
          // The note may have been lost in a flood. Only who is allowed leaves none.
          if (++questions > MOST_QUESTIONS) return;
          const allowed = { set: allowSet(unit.family).name, element: source };
          const isStranger = (await this.#sets.missing([allowed])).length > 0;
          hit = isStranger ? { source, unit, port: null } : undefined;
        }
        if (hit !== undefined) this.#record(hit, "handshake", now);
      }
      this.#arrived.delete(source);
    }
  }

  /** Tells the kernel of bans; what it refuses now it is told again. */
  async #tellKernel(): Promise<void> {
    if (this.#untold.length > MOST_UNTOLD) {
      this.#untold.splice(0, this.#untold.length - MOST_UNTOLD);
    }
    await restoreSets(this.#untold.join(""));
    this.#untold.length = 0;
  }

  /** Whether the kernel left it to us to ban who completes a connection. */
  #bansArrivals(unit: string, now: number): boolean {
    return this.#options.trigger === "handshake" || this.#memory.friends.has(unit, now);
  }

  #record(hit: Hit, trigger: BanOptions["trigger"], now: number): void {
    const offender = this.#memory.ledger.touch(hit.unit.text, hit.port, now);
    if (offender === null) return;
    const seconds = Math.round((offender.until - now) / 1000);
    this.#memory.changed(now);
    this.#memory.bansChanged(now);
    const { source: address, port, unit } = hit;
    const { offences } = offender;
    this.#options.tally.ban({ at: now, address, port, trigger, offences, seconds }, unit.family);
    if (this.#budget.take(now)) {
      log.warn("ban", {
        address: hit.source,
        port: hit.port ?? "unknown",
        trigger,
        offences: offender.offences,
        seconds,
      });
    }
    // The kernel's own ban is a first one.
    if (trigger === "syn" && offender.offences === 1) return;
    this.#untold.push(addEntry(banSet(hit.unit.family), elementOf(hit.unit), seconds));
  }

  #settleLog(now: number): void {
    const suppressed = this.#budget.settle(now);
    if (suppressed > 0) log.warn("bans left out of the log", { suppressed });
  }
}

import type { Drift, Firewall } from "../firewall/firewall.ts";
import type { Clock } from "../os/clock.ts";
import { eventLog } from "../os/event_log.ts";
import type { Counters } from "./counters.ts";
import type { RuleMonitor } from "./rule_monitor.ts";
import type { Task } from "./ticker.ts";

/** What a reconciler checks, and how it restores it. */
export interface Reconciled {
  readonly firewall: Pick<Firewall, "drift">;
  readonly monitor: RuleMonitor;
  /** Puts rules and windows in place again. */
  readonly reload: () => Promise<void>;
  /** Puts bans, trusted addresses and the allow list in place again. */
  readonly refill: () => Promise<void>;
  /** Called when all is in place again. */
  readonly restored?: () => void;
  readonly counters: Counters;
}

/** Other tools change rules in several steps: they are given time to finish, in milliseconds. */
const SETTLE_MS = 250;
/** So often what is gone is left so while other tools go on changing rules: they may be half done. */
const MOST_DELAYS = 2;
/**
 * How closed ports answer is followed once it has been so for this long, in milliseconds: a firewall that is only
 * loaded again has none of its rules for a moment, and some need nobody else to change any meanwhile.
 */
const REPLY_MS = 10_000;
/** Rules are read this often although nothing told of a change, in milliseconds. */
const READ_MS = 120_000;
/** Less often where a server has so many of them that reading takes more than this part of the time. */
const READ_SHARE = 1 / 500;
/** But this often, in milliseconds: a clock that is set looks like a long reading as well. */
const LATEST_READ_MS = 1_200_000;
/** So often where nothing ever tells. */
const POLL_MS = 2000;
/** Another tool that takes our place so often in a row is left there. */
const MOST_FIGHTS = 3;
/** For so long, in milliseconds. */
const TRUCE_MS = 600_000;
/** A fight is one with the last if no more time lies between. */
const FIGHT_MS = 60_000;

const log = eventLog("firewall");

/**
 * Notices when another tool flushes, reorders or deletes what C3PO has in the kernel, puts it back, and
 * says what was gone: rules and ports first, then what the sets held.
 */
export class Reconciler implements Task {
  readonly what = "check the firewall";
  readonly #reconciled: Reconciled;
  readonly #clock: Clock;
  /** So many changes had been told of at the last reading that needs no other. */
  #seen = 0;
  /** Whether what is gone was left so at the last reading, since it may come back. */
  #isAwaited = false;
  #isDamaged = false;
  #readAt = -Infinity;
  /** How long it took. */
  #readMs = 0;
  #delays = 0;
  /** Since when nothing but how closed ports answer is another. */
  #repliesAt: number | null = null;
  #fights = 0;
  #foughtAt = -Infinity;
  #truceAt = -Infinity;
  /** What was said to be gone and is not back yet: what fails is tried again, and told once. */
  #logged = "";

  constructor(reconciled: Reconciled, clock: Clock) {
    this.#reconciled = reconciled;
    this.#clock = clock;
  }

  /** Sets or rules of ours were seen to be gone. */
  damaged(): void {
    this.#isDamaged = true;
  }

  async run(now: number): Promise<boolean> {
    const { monitor } = this.#reconciled;
    const isDue = Math.abs(now - this.#readAt) >= (monitor.isWatching ? this.#pause : POLL_MS);
    const wasTold = this.#isDirty;
    if (!wasTold && !this.#isDamaged && !isDue) return !monitor.isWatching;
    if (wasTold) await this.#clock.sleep(SETTLE_MS);
    const { heard, told } = monitor;
    const gone = await this.#drift();
    const isMissed = gone.length > 0 && !wasTold && monitor.told === told && monitor.isWatching;
    if (gone.length > 0 && monitor.heard > heard && this.#delays++ < MOST_DELAYS) return true;
    this.#delays = 0;
    this.#isAwaited = this.#mayComeBack(gone, now);
    if (this.#isAwaited) return true;
    if (gone.some(({ kind }) => kind === "sets")) this.#isDamaged = true; // until they are filled again
    if (gone.length > 0 || this.#isDamaged) await this.#repair(gone, now);
    this.#logged = "";
    if (isMissed) monitor.restart();
    // Also behind a repair: what another tool did meanwhile is heard as if it were part of it.
    this.#seen = told;
    this.#readAt = now;
    return !monitor.isWatching || this.#isDirty;
  }

  get #isDirty(): boolean {
    return this.#isAwaited || this.#reconciled.monitor.told > this.#seen;
  }

  /** Milliseconds from one reading to the next, unless something tells of a change. */
  get #pause(): number {
    return Math.min(Math.max(READ_MS, this.#readMs / READ_SHARE), LATEST_READ_MS);
  }

  /**
   * What became of the rules. Read twice if anything did: while another tool is at work, what is read
   * may be half of it, or twice.
   */
  async #drift(): Promise<readonly Drift[]> {
    const began = this.#clock.now();
    const first = await this.#reconciled.firewall.drift();
    this.#readMs = Math.abs(this.#clock.now() - began);
    if (first.length === 0) return first;
    await this.#clock.sleep(SETTLE_MS);
    return await this.#reconciled.firewall.drift();
  }

  /** Whether another tool may put back what is gone, and nothing is lost by waiting. */
  #mayComeBack(gone: readonly Drift[], now: number): boolean {
    if (!this.#isReplyOnly(gone)) {
      this.#repliesAt = null;
      return false;
    }
    this.#repliesAt ??= now;
    return Math.abs(now - this.#repliesAt) < REPLY_MS;
  }

  #isReplyOnly(gone: readonly Drift[]): boolean {
    return gone.length > 0 && !this.#isDamaged && gone.every(({ kind }) => kind === "reply");
  }

  async #repair(gone: readonly Drift[], now: number): Promise<void> {
    const isPlaceOnly = !this.#isDamaged && gone.every(({ kind }) => kind === "place");
    if (isPlaceOnly && Math.abs(now - this.#truceAt) < TRUCE_MS) return;
    const listed = gone.map(({ what }) => what).join(", ");
    const by = this.#reconciled.monitor.takeAuthors();
    if (this.#isReplyOnly(gone)) {
      this.#repliesAt = null;
      log.info("refusal_changed", "another tool changed how closed ports answer; C3PO's follow", {
        ...(by === "" ? {} : { by }),
      });
      return await this.#reconciled.reload();
    }
    if (isPlaceOnly && this.#isFight(now)) {
      this.#truceAt = now;
      log.warn(
        "firewall_contested",
        "another tool keeps taking this place in a chain, leaving it there",
        {
          contested: listed,
          ...(by === "" ? {} : { by }),
        },
      );
      return;
    }
    const what = gone.length > 0 ? listed : "set contents";
    if (what !== this.#logged) {
      this.#logged = what;
      log.warn("firewall_drift", "another tool changed the firewall, restoring it", {
        gone: what,
        ...(by === "" ? {} : { by }),
      });
    }
    await this.#reconciled.reload();
    if (this.#isDamaged) await this.#reconciled.refill();
    this.#isDamaged = false;
    this.#reconciled.counters.repair({ at: now, what });
    log.info("firewall_restored", "the firewall is restored");
    this.#reconciled.restored?.();
  }

  #isFight(now: number): boolean {
    this.#fights = Math.abs(now - this.#foughtAt) < FIGHT_MS ? this.#fights + 1 : 1;
    this.#foughtAt = now;
    return this.#fights > MOST_FIGHTS;
  }
}

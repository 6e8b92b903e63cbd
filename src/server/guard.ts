import { getLogger } from "@logtape/logtape";
import { C3poError } from "../core/errors.ts";
import { SSH, TOUCHED } from "../core/firewall/sets.ts";
import type { Tally } from "../core/tally.ts";
import type { Clock } from "../host/clock.ts";
import type { Expectation, SetSession } from "../host/set_session.ts";
import { SetSentry } from "../host/set_sentry.ts";
import { everyBeat, within } from "../host/timer.ts";
import { Alarm } from "./alarm.ts";
import type { Kernel } from "./kernel.ts";
import type { Rotation } from "./rotation.ts";
import type { RuleBook } from "./rule_book.ts";
import { SetContent } from "./set_content.ts";

/** Which kinds of C3PO's ports somebody came to. */
export interface Touched {
  readonly ssh: boolean;
  readonly trap: boolean;
}

/** What the guard looks after. */
export interface Guarded {
  readonly kernel: Kernel;
  readonly sets: SetSession;
  readonly book: RuleBook;
  readonly rotation: Rotation;
  /** How many rules look at each set. */
  readonly references: ReadonlyMap<string, number>;
  /** sshd's own port. */
  readonly hiddenPort: number;
  /** Makes the sets again, with what they hold beside the ports. */
  readonly refill: () => Promise<void>;
  /** Told at each look which ports were touched a moment ago. */
  readonly touched: (ports: Touched) => void;
  readonly tally: Tally;
}

/** The sets are looked at this often, with all that the kernel tells; a sentry is at them each second. */
const LOOK_MS = 5000;
/** So often when nobody has touched a port for a while: what the kernel notes is as good later. */
const QUIET_LOOK_MS = 10_000;
/** That while, in looks. */
const QUIET_LOOKS = 12;
/** A look that is due within this time is made with the beat of now. */
const LOOK_SLACK_MS = 500;
/** So often while that is not enough: nothing tells when rules change, or a look failed. */
const SHORT_LOOK_MS = 1000;
/** Other tools change rules in several steps: the dust shall have settled before we look. */
const SETTLE_MS = 250;
/** So often what is gone is left so while other tools go on changing rules: they may be half done. */
const MOST_DELAYS = 2;
/** So often the rules are read although nothing tells that they changed. */
const READ_MS = 120_000;
/** Until what was put back is seen to work. */
const REPAIR_MS = 1000;

const log = getLogger(["c3po", "guard"]);

/**
 * Notices within a second or so when another tool flushes, reorders or deletes what C3PO has in the
 * kernel, puts it back, and says what was gone.
 */
export class Guard {
  readonly #guarded: Guarded;
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  #failing = false;
  /** How much had been heard of the rules before the last look in full. */
  #heard = 0;
  #delays = 0;
  /** Looks since somebody touched a port. */
  #quiet = 0;
  readonly #content: SetContent;

  constructor(guarded: Guarded, clock: Clock) {
    this.#guarded = guarded;
    this.#content = new SetContent(guarded.hiddenPort);
    this.#clock = clock;
    this.#alarm = new Alarm(clock);
  }

  /** Looks after the rules and sets until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { book } = this.#guarded;
    const ring = (): void => this.#alarm.ring();
    book.tell(ring);
    await using sentry = new SetSentry(ring);
    using asking = new DisposableStack();
    let due = Infinity;
    asking.defer(everyBeat(() => {
      // A look that comes with this very beat asks for more.
      if (due - performance.now() > LOOK_SLACK_MS) sentry.ask(this.#expected());
    }));
    for (let unread = Infinity; !signal.aborted;) {
      const readRules = unread >= READ_MS || !book.hears;
      if (readRules) unread = 0;
      try {
        await this.#look(readRules);
        sentry.post();
        this.#failing = false;
      } catch (error) {
        if (!(error instanceof C3poError)) throw error;
        unread = Infinity;
        if (!this.#failing) {
          log.error("cannot look after the firewall, trying again", { error: error.message });
        }
        this.#failing = true;
      }
      const rest = this.#rest();
      unread += rest;
      due = performance.now() + rest;
      if (await this.#alarm.sleep(rest, signal)) {
        unread = Infinity;
        await this.#clock.sleep(SETTLE_MS, signal);
        this.#alarm.hush();
      }
    }
  }

  /** Milliseconds until the next look. */
  #rest(): number {
    if (this.#failing || !this.#guarded.book.hears) return SHORT_LOOK_MS;
    return this.#quiet < QUIET_LOOKS ? LOOK_MS : QUIET_LOOK_MS;
  }

  async #look(readRules: boolean): Promise<void> {
    const { book } = this.#guarded;
    const heard = this.#heard;
    this.#heard = book.heard;
    const { missing: sets, isTorn } = await this.#askSets();
    const rules = readRules || isTorn || sets.length > 0 ? await this.#drift() : [];
    if (isTorn && rules.length > 0 && book.hears && book.heard === heard) {
      log.warn("xtables-monitor says nothing of rules that went, starting another");
      book.distrust();
    }
    if (rules.length > 0 && book.heard > this.#heard && this.#delays++ < MOST_DELAYS) return;
    this.#delays = 0;
    const by = book.takeAuthors().join(",");
    if (sets.length + rules.length === 0) return;
    const names = [...new Set(sets.map(({ set }) => `set ${set}`))];
    const gone = [...rules, ...names].join(", ");
    log.warn("another tool changed the firewall, putting it back", {
      gone,
      ...(by === "" ? {} : { by }),
    });
    // Rules that cannot be loaded may want sets that went after they were looked at.
    let opened: Promise<void> | undefined;
    if (sets.length > 0 || this.#failing) {
      await this.#guarded.refill();
      opened = this.#guarded.rotation.refresh();
    }
    if (rules.length > 0) await this.#guarded.kernel.loadRules();
    // If that fails, too, the next look is the better remedy.
    if (opened !== undefined) await within(opened, REPAIR_MS);
    this.#guarded.tally.repair({ at: this.#clock.now(), what: gone });
    log.info("the firewall is whole again");
  }

  /**
   * What became of the rules. Read twice if anything did: while somebody makes a table, the older
   * iptables may print another one twice.
   */
  async #drift(): Promise<string[]> {
    const first = await this.#guarded.kernel.drift();
    if (first.length === 0) return first;
    await this.#clock.sleep(SETTLE_MS);
    return await this.#guarded.kernel.drift();
  }

  /** Asks twice if a set lacks something, since a change may be under way. */
  async #askSets(): Promise<{ missing: Expectation[]; isTorn: boolean }> {
    const first = await this.#ask();
    if (first.missing.length === 0) return first;
    await this.#clock.sleep(SETTLE_MS);
    return await this.#ask();
  }

  /**
   * What the sets lack of the ports that are open, and whether fewer rules look at one than ought to:
   * that the kernel counts, and tells at a fraction of what it costs to read the rules.
   */
  async #ask(): Promise<{ missing: Expectation[]; isTorn: boolean }> {
    const { sets, references, touched } = this.#guarded;
    const { missing, listings } = await sets.look(this.#expected(), [SSH, TOUCHED]);
    const ssh = listings.get(SSH.name);
    const ports = listings.get(TOUCHED.name)?.elements ?? [];
    const isSsh = (port: string): boolean => ssh?.elements.includes(port) ?? false;
    this.#quiet = ports.length === 0 ? this.#quiet + 1 : 0;
    touched({ ssh: ports.some(isSsh), trap: !ports.every(isSsh) });
    return { missing, isTorn: ssh !== undefined && ssh.references < references.get(SSH.name)! };
  }

  #expected(): readonly Expectation[] {
    return this.#content.of(this.#guarded.rotation.opening);
  }
}

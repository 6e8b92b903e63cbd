import { getLogger } from "@logtape/logtape";
import { C3poError } from "../core/errors.ts";
import { HIDDEN, SSH, TOUCHED, TRAP } from "../core/firewall/sets.ts";
import type { Opening, TimedPort } from "../core/opening.ts";
import type { Tally } from "../core/tally.ts";
import type { Clock } from "../host/clock.ts";
import type { Expectation, SetSession } from "../host/set_session.ts";
import { SetSentry } from "../host/set_sentry.ts";
import { everyBeat, within } from "../host/timer.ts";
import { Alarm } from "./alarm.ts";
import type { Kernel } from "./kernel.ts";
import type { Rotation } from "./rotation.ts";
import type { RuleBook } from "./rule_book.ts";

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
/** A look that is due within this time is made with the beat of now. */
const LOOK_SLACK_MS = 500;
/** So often while that is not enough: nothing tells when rules change, or a look failed. */
const SHORT_LOOK_MS = 1000;
/** Other tools change rules in several steps: the dust shall have settled before we look. */
const SETTLE_MS = 250;
/** So often what is gone is left so while other tools go on changing rules: they may be half done. */
const MOST_DELAYS = 2;
/** So often, in looks, the rules are read although nothing tells that they changed. */
const IDLE_LOOKS = 24;
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
  #opening: Opening | null = null;
  #wanted: readonly Expectation[] = [];

  constructor(guarded: Guarded, clock: Clock) {
    this.#guarded = guarded;
    this.#clock = clock;
    this.#alarm = new Alarm(clock);
  }

  /** Looks after the rules and sets until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { book } = this.#guarded;
    const ring = (): void => this.#alarm.ring();
    book.tell(ring);
    await using sentry = new SetSentry(ring);
    let rest = 0;
    let looked = performance.now();
    const stopAsking = everyBeat(() => {
      // A look that comes with this very beat asks for more.
      if (performance.now() - looked < rest - LOOK_SLACK_MS) sentry.ask(this.#expected());
    });
    for (let looks = 0; !signal.aborted; looks--) {
      const readRules = looks <= 0 || !book.hears;
      if (readRules) looks = IDLE_LOOKS;
      try {
        await this.#look(readRules);
        sentry.post();
        this.#failing = false;
      } catch (error) {
        if (!(error instanceof C3poError)) throw error;
        looks = 0;
        if (!this.#failing) {
          log.error("cannot look after the firewall, trying again", { error: error.message });
        }
        this.#failing = true;
      }
      rest = book.hears && !this.#failing ? LOOK_MS : SHORT_LOOK_MS;
      looked = performance.now();
      if (await this.#alarm.sleep(rest, signal)) {
        looks = 0;
        await this.#clock.sleep(SETTLE_MS, signal);
        this.#alarm.hush();
      }
    }
    stopAsking();
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
    touched({ ssh: ports.some(isSsh), trap: !ports.every(isSsh) });
    return { missing, isTorn: ssh !== undefined && ssh.references < references.get(SSH.name)! };
  }

  /** What the sets ought to hold; the same array as long as that is the same. */
  #expected(): readonly Expectation[] {
    const { opening } = this.#guarded.rotation;
    if (opening !== this.#opening || this.#wanted.length === 0) {
      this.#opening = opening;
      this.#wanted = wanted(opening, this.#guarded.hiddenPort);
    }
    return this.#wanted;
  }
}

/** @param opening null while the ports are just being changed */
function wanted(opening: Opening | null, hiddenPort: number): Expectation[] {
  return [
    { set: HIDDEN.name, element: String(hiddenPort) },
    ...longest(SSH.name, opening?.ssh ?? []),
    ...longest(TRAP.name, opening?.traps ?? []),
  ];
}

/** The port that the kernel keeps longest: those of the minute before end by themselves. */
function longest(set: string, ports: readonly TimedPort[]): Expectation[] {
  if (ports.length === 0) return [];
  const { port } = ports.reduce((a, b) => b.seconds > a.seconds ? b : a);
  return [{ set, element: String(port) }];
}

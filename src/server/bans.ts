import { getLogger } from "@logtape/logtape";
import { type Family, parseAddress } from "../core/address.ts";
import { C3poError } from "../core/errors.ts";
import { addEntry, drainSets, elementOf, parseEntries } from "../core/firewall/ipset.ts";
import { banSet, hitSet, nextHitSet } from "../core/firewall/sets.ts";
import { byUnit, type Hit, hitsOf } from "../core/hits.ts";
import type { Ledger } from "../core/ledger.ts";
import type { Clock } from "../host/clock.ts";
import { converse, restoreSets } from "../host/ipset.ts";

/** What the keeper of the bans goes by. */
export interface BanOptions {
  readonly families: readonly Family[];
  /** With `syn` the kernel has banned a hit already; with `handshake` only arrivals are banned. */
  readonly trigger: "syn" | "handshake";
}

/** The kernel's notes are read this often, in milliseconds; arrivals in the tarpit do not wait. */
const READ_MS = 5000;

const log = getLogger(["c3po", "bans"]);

/** Reads from the kernel who touched traps, and keeps those shut out who do it again. */
export class Bans {
  readonly #options: BanOptions;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #arrived = new Set<string>();
  #wake = new AbortController();

  constructor(options: BanOptions, ledger: Ledger, clock: Clock) {
    this.#options = options;
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /** Somebody completed a connection to a trap. */
  arrived(address: string): void {
    this.#arrived.add(parseAddress(address).text);
    this.#wake.abort();
  }

  /** Reads the kernel's notes until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.read();
      } catch (error) {
        if (!(error instanceof C3poError)) throw error;
        log.error("cannot read who touched traps", { error: error.message });
      }
      await this.#clock.sleep(READ_MS, AbortSignal.any([signal, this.#wake.signal]));
      this.#wake = new AbortController();
    }
  }

  /** Reads the kernel's notes once, and lengthens the bans of those who were banned before. */
  async read(): Promise<void> {
    const pairs = this.#options.families.map((family) =>
      [hitSet(family), nextHitSet(family)] as const
    );
    const arrived = [...this.#arrived];
    this.#arrived.clear();
    const noted = await converse(drainSets(pairs));
    const hits = pairs.flatMap(([, spare]) => hitsOf(parseEntries(noted, spare)));
    const offenders = this.#options.trigger === "syn"
      ? hits
      : hits.filter(({ source }) => arrived.includes(source));
    const offences = byUnit(offenders).map((hit) => this.#record(hit)).filter((text) =>
      text !== ""
    );
    await restoreSets(offences.join(""));
  }

  #record(hit: Hit): string {
    const now = this.#clock.now();
    const offender = this.#ledger.touch(hit.unit.text, hit.port, now);
    if (offender === null) return "";
    const seconds = Math.round((offender.until - now) / 1000);
    log.warn("ban", {
      address: hit.unit.text,
      port: hit.port,
      trigger: this.#options.trigger,
      offences: offender.offences,
      seconds,
    });
    // The kernel's own ban is a first one.
    const isKept = this.#options.trigger === "syn" && offender.offences === 1;
    return isKept ? "" : addEntry(banSet(hit.unit.family), elementOf(hit.unit), seconds);
  }
}

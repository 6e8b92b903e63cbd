import { type Address, parseBanned } from "../os/address.ts";
import { isBannable, isPublic } from "../os/address_scope.ts";
import { Malformed } from "../os/errors.ts";
import { type Allowances, parseAllowed } from "./allowances.ts";
import { Budget } from "./budget.ts";
import { ADMIN, type FleetLine, type Order, parseFleetLine } from "./line.ts";
import type { Members } from "./members.ts";
import { type Outcome, refusal, type Sparing } from "./outcome.ts";
import { Reports } from "./reports.ts";
import type { RunningBans, SharedBan } from "./running_bans.ts";
import type { Sequences } from "./sequences.ts";
import { isSignedBy, type PublicKey } from "./signature.ts";

/** What applies reports. */
export interface Applying {
  /** Whether reports are applied at all. */
  readonly isOn: boolean;
  /** How many members have to report a SYN; null if no number is enough. */
  readonly quorum: number | null;
}

/** What a receiver goes by. */
export interface ReceiverOptions {
  /** The id of this server. */
  readonly self: string;
  readonly members: Members;
  /** The key of the administrator; null if there is none. */
  readonly admin: PublicKey | null;
  /** Whether addresses of private networks are taken: only if all members share one. */
  readonly isPrivateTaken: boolean;
  readonly applying: Applying;
  readonly sequences: Sequences;
  readonly running: RunningBans;
  readonly allowances: Allowances;
  /** Members that were expelled. */
  readonly expelled: Set<string>;
  /** Fingerprints of users' keys that were revoked. */
  readonly revoked: Set<string>;
  /** Why an address is not banned here; null if it is. @param now unix milliseconds */
  readonly spare: (unit: Address, now: number) => Sparing | null;
}

/** A line and when it came. */
export interface Entry {
  readonly line: string;
  /** When the store took it, unix milliseconds of the store. */
  readonly at: number;
  /** The present time of the store, unix milliseconds. */
  readonly storeNow: number;
  /** The present time here, unix milliseconds. */
  readonly now: number;
}

/** No report bans for longer, in seconds. */
export const LONGEST_SHARED = 900;
/** What a number of SYNs bans for, in seconds: they may have been forged. */
export const LONGEST_FORGEABLE = 300;

/** So many keys can be revoked by orders: the users of the largest fleet, many times. */
const MOST_REVOKED = 65_536;

/** Judges the lines of a fleet, each in the same order of questions. It changes nothing but its own books. */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #budgets = new Map<string, Budget>();
  readonly #reports: Reports;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#reports = new Reports(options.applying.quorum ?? Infinity);
  }

  /** Judges one line. */
  async receive(received: Entry): Promise<Outcome> {
    // A time to come would refill its sender's budget, and let a report ban for longer than it says.
    const entry = { ...received, at: Math.min(received.at, received.storeNow) };
    if (!Number.isFinite(entry.at)) return refusal("form", null);
    let line: FleetLine;
    try {
      line = parseFleetLine(entry.line);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      return refusal("form", null);
    }
    const { member } = line;
    const { members, admin, expelled, sequences, self } = this.#options;
    const key = member === ADMIN ? admin : members.get(member) ?? null;
    if (key === null) return refusal("member", null);
    if (expelled.has(member)) return refusal("expelled", member);
    // Its own signatures say that it floods: to verify more of them would be the work that it is after.
    if (line.statement.verb === "ban" && this.#budget(member).isSpent(entry.at)) {
      return refusal("budget", member);
    }
    if (!await isSignedBy(line, key)) return refusal("signature", member);
    if (!sequences.isNew(member, line.seq)) return refusal("replay", member);
    sequences.take(member, line.seq, entry.now);
    if (member === self) return refusal("own", member);
    return this.#judge(line, entry);
  }

  #judge({ member, statement }: FleetLine, entry: Entry): Outcome {
    if (statement.verb === "order") {
      if (member !== ADMIN) return refusal("order", member);
      return this.#order(statement.order, entry);
    }
    const unit = this.#unit(statement.address);
    if (unit === null) return refusal("address", member);
    if (statement.verb === "forgive") return this.#forgive(unit, member);
    const { applying, running } = this.#options;
    const { seconds, evidence } = statement;
    if (!applying.isOn || (evidence === "syn" && applying.quorum === null)) {
      return refusal("unwanted", member);
    }
    const spared = this.#options.spare(unit, entry.now);
    if (spared !== null) return refusal(spared, member);
    const most = evidence === "syn" ? LONGEST_FORGEABLE : LONGEST_SHARED;
    const left = Math.min(seconds, most) * 1000 - (entry.storeNow - entry.at);
    if (left <= 0) return refusal("expired", member);
    this.#budget(member).take(entry.at, entry.at + Math.min(seconds, most) * 1000);
    if (evidence === "syn" && !this.#reports.add(unit.text, member, entry.at)) {
      return { do: "nothing" };
    }
    if (running.find(unit.text, entry.now) !== undefined) return { do: "nothing" };
    return this.#ban({ address: unit, until: entry.now + left, member }, entry.now);
  }

  #ban(ban: SharedBan, now: number): Outcome {
    if (!this.#options.running.add(ban, now)) return refusal("full", ban.member);
    return { do: "ban", ...ban };
  }

  /** A member takes back what it has reported itself, the administrator what anyone has. */
  #forgive(unit: Address, member: string): Outcome {
    const { running } = this.#options;
    const known = running.find(unit.text, -Infinity);
    if (known === undefined || (member !== ADMIN && known.member !== member)) {
      return { do: "nothing" };
    }
    running.remove(unit.text);
    return { do: "forgive", addresses: [unit], member };
  }

  #order(order: Order, entry: Entry): Outcome {
    const { running, expelled, revoked } = this.#options;
    switch (order.do) {
      case "ban": {
        const unit = this.#unit(order.address);
        if (unit === null) return refusal("address", ADMIN);
        // Only the list of allowed addresses stops it.
        if (this.#options.spare(unit, entry.now) === "allowed") return refusal("allowed", ADMIN);
        const left = Math.min(order.seconds, LONGEST_SHARED) * 1000 - (entry.storeNow - entry.at);
        if (left <= 0) return refusal("expired", ADMIN);
        const ban = { address: unit, until: entry.now + left, member: ADMIN };
        const known = running.find(unit.text, entry.now);
        if (known !== undefined && known.until >= ban.until) return { do: "nothing" };
        return this.#ban(ban, entry.now);
      }
      case "forgive": {
        const unit = this.#unit(order.address);
        return unit === null ? refusal("address", ADMIN) : this.#forgive(unit, ADMIN);
      }
      case "forgive all": {
        const addresses = running.list(entry.now).map(({ address }) => address);
        running.clear();
        return { do: "forgive", addresses, member: ADMIN };
      }
      case "allow": {
        const address = this.#read(order.network, parseAllowed);
        if (address === null) return refusal("address", ADMIN);
        const left = order.seconds * 1000 - (entry.storeNow - entry.at);
        const { allowances } = this.#options;
        const isOver = left <= 0;
        if (isOver && !allowances.has(address.text)) return refusal("expired", ADMIN);
        const allowance = { address, until: entry.now + Math.max(left, 0) };
        if (!allowances.add(allowance)) return refusal("full", ADMIN);
        if (isOver) return { do: "nothing" }; // but it ends what an earlier order allowed
        return { do: "allow", ...allowance };
      }
      case "expel":
        expelled.add(order.member);
        return { do: "forgive", addresses: running.removeOf(order.member), member: ADMIN };
      case "revoke":
        if (revoked.has(order.fingerprint)) return { do: "nothing" };
        if (revoked.size >= MOST_REVOKED) return refusal("full", ADMIN);
        revoked.add(order.fingerprint);
        return order;
    }
  }

  /** One address that can be banned, in its canonical spelling; null for anything else. */
  #unit(text: string): Address | null {
    return this.#read(text, parseBanned);
  }

  #read(text: string, parse: (text: string) => Address): Address | null {
    try {
      const read = parse(text);
      if (read.text !== text || !isBannable(read)) return null;
      return this.#options.isPrivateTaken || isPublic(read) ? read : null;
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      return null;
    }
  }

  #budget(member: string): Budget {
    const budget = this.#budgets.get(member) ?? new Budget();
    this.#budgets.set(member, budget);
    return budget;
  }
}

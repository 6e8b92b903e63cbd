import type { Address, Family } from "../os/address.ts";
import type { Window } from "../schedule/windows.ts";
import type { Policy } from "./policy.ts";

/** The packet filters of a kernel, the preferred one first. */
export const KERNEL_ENGINES = ["iptables", "nftables"] as const;
/** The packet filters there are. */
export const ENGINE_NAMES = [...KERNEL_ENGINES, "memory"] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** An address that is shut out: one IPv4 address or one IPv6 /64, or a whole /56 or /48. */
export interface Ban {
  readonly address: Address;
  /** Seconds left; null if it stays until it is removed. */
  readonly seconds: number | null;
}

/**
 * An address that no lone SYN bans, and that is not shut out by a ban of the network around it or by what other
 * servers reported: one IPv4 address or one IPv6 /64.
 */
export interface Trust {
  readonly address: Address;
  /** Seconds left, at least 1. */
  readonly seconds: number;
}

/** An entry that the kernel did not take. The others of the same call are in place. */
export interface Refusal {
  readonly address: Address;
  readonly reason: string;
}

/** A source, and the port of C3PO's that it tried, or completed a connection to. */
export interface Touch {
  /** The very address it came from. */
  readonly source: Address;
  readonly port: number;
}

/** What happened since the last look. */
export interface Activity {
  /** Traps that were touched, each source and port once. Of an allowed source there are none. */
  readonly hits: readonly Touch[];
  /** Sources (the very address; of IPv6 at least its /64) that completed a connection to a trap. */
  readonly confirmed: readonly Address[];
  /** Doors through which a connection was completed, each source and port once. A forged packet completes none. */
  readonly arrivals: readonly Touch[];
  /** Whether the sets are there and rules still look at them, as far as one cheap question tells. */
  readonly intact: boolean;
}

/** Ports that other rules on this machine send elsewhere. */
export interface Forwards {
  readonly ports: ReadonlySet<number>;
  /** What could not be read or understood, each as a phrase for a person; nothing may be built on its absence. */
  readonly unreadable: readonly string[];
}

/** A rule of another tool that blocks connections through a door, or keeps doors from working at all. */
export interface Obstacle {
  /** What denies, as a person would name it: `policy DROP of IPv4 INPUT`. */
  readonly what: string;
  /** What the administrator has to add, as a command or a line of configuration. */
  readonly remedy: string;
  /** Whether no door works for anyone while it is there. */
  readonly isTotal?: true;
}

/** What an engine cannot do on this machine. */
export interface Limitation {
  /** A phrase for a person. */
  readonly what: string;
  /** What the administrator can do about it. */
  readonly remedy: string;
}

/** What one engine takes to be as it should. */
export interface EngineReport {
  /** `iptables 1.8.9 (nf_tables), ipset 7.17`. */
  readonly versions: string;
  readonly families: readonly Family[];
  readonly limitations: readonly Limitation[];
}

/** What another tool has made of C3PO's rules since they were loaded. */
export interface Drift {
  /**
   * `sets`: the sets are gone, and all that was in them. `place`: a rule of C3PO's is there, and no longer the
   * first or the last of its chain. `reply`: the rules are whole, and closed ports answer in another way than
   * the other rules have them answer now. `rules`: anything else.
   */
  readonly kind: "rules" | "sets" | "place" | "reply";
  /** As a person would name it: `jump from IPv4 INPUT`. */
  readonly what: string;
}

/**
 * The packet filter, in the daemon's words. All rules and sets live in chains or a table of C3PO's own;
 * what others have there is never changed. Everything that takes addresses takes any number.
 *
 * What holds in every engine: a packet is judged by the kernel's own clock against each window it falls
 * into; a touch of a trap bans before the packet is answered; a full set goes on banning; an address that
 * is allowed is never banned, one that is trusted only for a completed connection; a datagram bans no address,
 * and a flow that was answered lives on when its door closes; bans, trust and allowed networks outlive
 * `load`, `open` and the end of this process.
 */
export interface Firewall {
  readonly engine: EngineName;

  /**
   * Makes sure that everything needed is there, before anything is changed.
   *
   * @throws {Failure} naming what is missing and how to get it
   */
  examine(): Promise<EngineReport>;

  /**
   * Takes over what an earlier run left, and removes what it left in another layout. Rules and windows that
   * are there stay in force until `load`, which then removes those in the tables of another tool.
   *
   * @returns whether bans of an earlier run are in the kernel: then it knows better than what was saved
   */
  adopt(): Promise<boolean>;

  /**
   * Puts rules and windows in place; what is there of ours is replaced in one step a family. Loading twice
   * equals loading once. Also the repair of whatever another tool did.
   *
   * @throws {Failure} if the kernel or another tool does not let them be
   */
  load(policy: Policy, windows: readonly Window[]): Promise<void>;

  /**
   * Replaces the windows, of the same policy. No packet meets a moment without the windows that both the
   * old and the new ones have.
   */
  open(windows: readonly Window[]): Promise<void>;

  /**
   * Shuts addresses out, for the time that each says; a ban that is there gets the new time. A network that
   * is wider than a /64 has neighbours in it who did nothing: those who are allowed or trusted are not
   * affected, nothing beyond traps and services is shut, whatever the scope, and when there is no room it may
   * be refused.
   */
  ban(bans: readonly Ban[]): Promise<readonly Refusal[]>;
  /** Ends bans, where there are any, also shared ones. */
  unban(addresses: readonly Address[]): Promise<void>;
  /** Ends all bans, also shared ones. */
  unbanAll(): Promise<void>;
  /**
   * Shuts out addresses that other servers reported, for the time that each says; one that is there gets the
   * new time. They are kept apart from this machine's own bans, of which they replace none: an address that
   * is allowed or trusted is not affected, nothing beyond traps and services is shut, whatever the scope, and
   * when there is no room they are refused.
   */
  banShared(bans: readonly Ban[]): Promise<readonly Refusal[]>;
  /** Ends shared bans, where there are any, and no others. */
  unbanShared(addresses: readonly Address[]): Promise<void>;
  /**
   * The bans that are in the kernel.
   *
   * @param most with more than these it is null, as it may be whenever listing would be slow: then the
   * ledger has to do
   */
  bans(most: number): Promise<readonly Ban[] | null>;
  /** All of them, some at a time, for there may be a million; null where listing so many would be slow. */
  everyBan(): Promise<AsyncIterable<readonly Ban[]> | null>;
  /** How many there are by family; null if counting would be slow. */
  countBans(): Promise<Readonly<Record<Family, number>> | null>;

  /** Trusts addresses for the time that each says; one that is trusted already gets the new time. */
  trust(trusted: readonly Trust[]): Promise<readonly Refusal[]>;
  /** Empties the set of trusted addresses. */
  distrustAll(): Promise<void>;
  /** Has networks never banned. */
  allow(networks: readonly Address[]): Promise<readonly Refusal[]>;
  /** Ends that, where it was so. */
  disallow(networks: readonly Address[]): Promise<void>;
  /** The networks that are never banned, as the kernel has them. */
  allowed(): Promise<readonly Address[]>;

  /** Takes what the kernel noted since the last look. Cheap while nothing happened. */
  look(): Promise<Activity>;

  /**
   * What another tool has made of C3PO's rules since they were loaded; empty if all is well.
   *
   * @throws {Failure} if it cannot be read: what cannot be read is not taken for gone
   */
  drift(): Promise<readonly Drift[]>;

  /**
   * Reports changes of rules by any process until the signal is aborted. Where nothing reports them it may
   * resolve at once, and the caller reads the rules from time to time, or wait for the signal if each look
   * sees whether the rules are there.
   *
   * @param changed told with the program that made the change, where that is known
   */
  watch(changed: (by: string | null) => void, signal: AbortSignal): Promise<void>;

  /** The ports that others forward. */
  forwards(): Promise<Forwards>;
  /** What keeps doors from leading to their services. */
  obstacles(policy: Policy): Promise<readonly Obstacle[]>;

  /** Whether C3PO's rules are in the kernel, also those of an earlier run. */
  isLoaded(): Promise<boolean>;

  /**
   * Removes every rule and set of C3PO's, in whatever state they are, and goes on over what it cannot
   * remove. Running sessions live on, for which a few rules may have to stay.
   *
   * @param hasSuccessor whether another engine is in place, which keeps them alive: then nothing stays
   * @throws {Failure} the first reason for which something is left
   */
  remove(hasSuccessor?: boolean): Promise<void>;

  /** What `load` would give to the tools, as text; changes nothing and needs no root. */
  preview(policy: Policy, windows: readonly Window[]): Promise<string>;

  /** Ends helper processes; changes nothing in the kernel. */
  [Symbol.asyncDispose](): Promise<void>;
}

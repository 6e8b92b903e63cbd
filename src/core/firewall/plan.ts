import type { Family } from "../address.ts";
import {
  allowSet,
  allSets,
  banSet,
  friendSet,
  HIDDEN,
  hitSet,
  type SetSpec,
  SSH,
  TRAP,
} from "./sets.ts";

/** What a packet must be for a rule to apply. */
export type Match =
  /** It came in through a network, not over loopback. */
  | { readonly is: "outside" }
  /** It opens a TCP connection. */
  | { readonly is: "syn" }
  /** It is for this machine itself, not for one behind it. */
  | { readonly is: "local" }
  | { readonly is: "in" | "not in"; readonly set: string; readonly key: "src" | "dst" }
  | { readonly is: "to port"; readonly ports: readonly number[] }
  /** Its connection was redirected when it began. */
  | { readonly is: "redirected" }
  /** It is no longer, headers included. */
  | { readonly is: "short"; readonly bytes: number };

/** What then happens to it. */
export type Verdict =
  | { readonly do: "accept" | "drop" | "refuse" | "return" }
  | { readonly do: "jump"; readonly chain: string }
  /** The connection goes to another port of the same address. */
  | { readonly do: "redirect"; readonly port: number }
  /** Note the packet in a set, for some seconds, and go on. */
  | {
    readonly do: "add";
    readonly set: string;
    readonly key: "src" | "src,dst";
    readonly seconds: number;
  };

/** One rule of a chain. */
export interface Rule {
  readonly when: readonly Match[];
  readonly then: Verdict;
}

/** A chain of C3PO's own; with a hook, the one jump that leads into it. */
export interface Chain {
  readonly table: "raw" | "nat" | "filter";
  readonly name: string;
  readonly hook?: { readonly chain: "PREROUTING" | "INPUT"; readonly when: readonly Match[] };
  readonly rules: readonly Rule[];
}

/** All that the kernel is told once: the rules never change while the sets do. */
export interface FirewallPlan {
  readonly sets: readonly SetSpec[];
  readonly chains: ReadonlyMap<Family, readonly Chain[]>;
}

/** What the rules depend on. */
export interface FirewallOptions {
  readonly families: readonly Family[];
  /** Where sshd listens. */
  readonly sshPort: number;
  /** Where the tarpit listens. */
  readonly tarpitPort: number;
  /** Whether the first packet to a trap bans, or only a completed connection. */
  readonly trigger: "syn" | "handshake";
  /** What a banned address loses. */
  readonly scope: "ssh" | "all";
  /** Seconds of a first ban. */
  readonly banTime: number;
}

/** How long a hit waits to be read before the kernel forgets it, in seconds. */
const HIT_SECONDS = 3600;

/** The firewall of a server, as data. */
export function firewallPlan(options: FirewallOptions): FirewallPlan {
  return {
    sets: allSets(options.families),
    chains: new Map(options.families.map((family) => [family, chainsOf(family, options)])),
  };
}

/**
 * What stays behind when C3PO ends while somebody is logged in and no other rule of the machine
 * needs connection tracking: a chain that nothing leads to. Without it the kernel would stop
 * tracking, no longer know that a session's packets are to be redirected, and reset it.
 */
export const SESSIONS: Chain = {
  table: "filter",
  name: "C3PO-SESSIONS",
  rules: [{ when: [{ is: "redirected" }], then: { do: "return" } }],
};

const OPENING: readonly Match[] = [{ is: "outside" }, { is: "syn" }, { is: "local" }];

function chainsOf(family: Family, options: FirewallOptions): Chain[] {
  return [
    // Before conntrack: what a banned address sends costs no entry there.
    {
      table: "raw",
      name: "C3PO-PRE",
      hook: { chain: "PREROUTING", when: OPENING },
      rules: gate(family),
    },
    { table: "raw", name: "C3PO-BANNED", rules: banned(options) },
    { table: "raw", name: "C3PO-TRAP", rules: trapped(family, options) },
    {
      table: "nat",
      name: "C3PO-NAT",
      hook: { chain: "PREROUTING", when: OPENING },
      rules: redirects(options),
    },
    {
      table: "filter",
      name: "C3PO-IN",
      hook: {
        chain: "INPUT",
        when: [{ is: "outside" }, {
          is: "to port",
          ports: [options.sshPort, options.tarpitPort],
        }],
      },
      rules: input(family, options),
    },
  ];
}

function gate(family: Family): Rule[] {
  return [
    { when: [from(allowSet(family))], then: { do: "return" } },
    { when: [from(banSet(family))], then: { do: "jump", chain: "C3PO-BANNED" } },
    // The plan keeps SSH ports out of the traps, but while the two sets change one after the other
    // after a step of the clock, only the order of these rules does.
    { when: [to(SSH)], then: { do: "return" } },
    { when: [to(TRAP)], then: { do: "jump", chain: "C3PO-TRAP" } },
  ];
}

function banned({ scope, sshPort }: FirewallOptions): Rule[] {
  if (scope === "all") return [{ when: [], then: { do: "drop" } }];
  return [
    { when: [to(SSH)], then: { do: "drop" } },
    { when: [to(TRAP)], then: { do: "drop" } },
    { when: [{ is: "to port", ports: [sshPort] }], then: { do: "drop" } },
  ];
}

function trapped(family: Family, { trigger, banTime }: FirewallOptions): Rule[] {
  const note: Rule = {
    when: [],
    then: { do: "add", set: hitSet(family).name, key: "src,dst", seconds: HIT_SECONDS },
  };
  if (trigger === "handshake") return [note];
  return [
    note,
    // Whoever forges addresses knows those of our users too; a completed connection still bans.
    { when: [from(friendSet(family))], then: { do: "return" } },
    { when: [], then: { do: "add", set: banSet(family).name, key: "src", seconds: banTime } },
  ];
}

function redirects({ sshPort, tarpitPort }: FirewallOptions): Rule[] {
  return [
    { when: [to(SSH)], then: { do: "redirect", port: sshPort } },
    { when: [to(TRAP)], then: { do: "redirect", port: tarpitPort } },
  ];
}

/**
 * The longest packet that carries nothing but an acknowledgement or an end: the IP header, that of
 * TCP, and 20 bytes of TCP options.
 */
const EMPTY_PACKET: Readonly<Record<Family, number>> = { 4: 20 + 40, 6: 40 + 40 };

function input(family: Family, { sshPort, tarpitPort }: FirewallOptions): Rule[] {
  const ssh: Match = { is: "to port", ports: [sshPort] };
  const tarpit: Match = { is: "to port", ports: [tarpitPort] };
  return [
    { when: [ssh, { is: "redirected" }], then: { do: "accept" } },
    // Nobody reads what guests of the tarpit send, so it must not pile up in the kernel's memory. What
    // a guest sends again and again costs only the guest.
    { when: [tarpit, { is: "redirected" }, { is: "syn" }], then: { do: "accept" } },
    {
      when: [tarpit, { is: "redirected" }, { is: "short", bytes: EMPTY_PACKET[family] }],
      then: { do: "accept" },
    },
    { when: [tarpit, { is: "redirected" }], then: { do: "drop" } },
    // The tarpit's own port looks as closed as every other.
    { when: [tarpit], then: { do: "refuse" } },
    // Only what opens a connection is dropped: a session from before the start has no redirect,
    // and conntrack may know it as new. A minute whose SSH port is sshd's own needs no redirect.
    {
      when: [ssh, { is: "syn" }, to(HIDDEN), { is: "not in", set: SSH.name, key: "dst" }],
      then: { do: "drop" },
    },
  ];
}

function from(set: SetSpec): Match {
  return { is: "in", set: set.name, key: "src" };
}

function to(set: SetSpec): Match {
  return { is: "in", set: set.name, key: "dst" };
}

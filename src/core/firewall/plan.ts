import type { Family } from "../address.ts";
import type { Chain, FirewallPlan, Match, Rule, Verdict } from "./rules.ts";
import {
  allowSet,
  allSets,
  banSet,
  friendSet,
  HIDDEN,
  hitSet,
  type SetSpec,
  SSH,
  TOUCHED,
  TRAP,
} from "./sets.ts";

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
/** How long it remembers which ports were touched: for longer than it takes from one look to the next. */
const TOUCHED_SECONDS = 20;
/** Has it remember that. */
const MARK: Verdict = { do: "add", set: TOUCHED.name, key: "dst", seconds: TOUCHED_SECONDS };

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
  const { sshPort, tarpitPort, scope } = options;
  const gate = { chain: "PREROUTING", when: OPENING } as const;
  const door: readonly Match[] = [{ is: "outside" }, {
    is: "to port",
    ports: [sshPort, tarpitPort],
  }];
  return [
    ...(scope === "all"
      ? [{ table: "raw", name: "C3PO-PRE", hook: gate, rules: banish(family) } as const]
      : []),
    { table: "nat", name: "C3PO-NAT", hook: gate, rules: sort(family) },
    { table: "nat", name: "C3PO-TRAP", rules: spring(family, options) },
    { table: "nat", name: "C3PO-OPEN", rules: open(options) },
    {
      table: "filter",
      name: "C3PO-IN",
      hook: { chain: "INPUT", when: door },
      rules: input(family, options),
    },
  ];
}

/** Before conntrack: what a banned address sends to any port costs no entry there. */
function banish(family: Family): Rule[] {
  return [
    { when: [from(allowSet(family))], then: { do: "return" } },
    { when: [from(banSet(family))], then: { do: "drop" } },
  ];
}

/**
 * A banned address meets this machine as if C3PO were not there: an open port of the minute is as
 * closed to it as every other port, whatever the firewall does with those. Were its packets dropped
 * instead, silence would draw it a map of the open ports, and two maps, before and within a grace,
 * would show which of them leads to sshd.
 */
function sort(family: Family): Rule[] {
  return [
    { when: [from(allowSet(family))], then: { do: "jump", chain: "C3PO-OPEN" } },
    { when: [from(banSet(family))], then: { do: "return" } },
    // The plan keeps SSH ports out of the traps, but while the two sets change one after the other
    // after a step of the clock, only the order of these rules does.
    { when: [to(TRAP), notTo(SSH)], then: { do: "jump", chain: "C3PO-TRAP" } },
    { when: [], then: { do: "jump", chain: "C3PO-OPEN" } },
  ];
}

function spring(family: Family, { trigger, banTime }: FirewallOptions): Rule[] {
  const notes: Rule[] = [
    {
      when: [],
      then: { do: "add", set: hitSet(family).name, key: "src,dst", seconds: HIT_SECONDS },
    },
    { when: [], then: MARK },
  ];
  if (trigger === "handshake") return notes;
  return [
    ...notes,
    // Whoever forges addresses knows those of our users too; a completed connection still bans.
    { when: [from(friendSet(family))], then: { do: "return" } },
    { when: [], then: { do: "add", set: banSet(family).name, key: "src", seconds: banTime } },
  ];
}

function open({ sshPort, tarpitPort }: FirewallOptions): Rule[] {
  return [
    { when: [to(SSH)], then: MARK },
    { when: [to(SSH)], then: { do: "redirect", port: sshPort } },
    { when: [to(TRAP)], then: { do: "redirect", port: tarpitPort } },
  ];
}

function input(family: Family, { sshPort, tarpitPort }: FirewallOptions): Rule[] {
  const ssh: Match = { is: "to port", ports: [sshPort] };
  const tarpit: Match = { is: "to port", ports: [tarpitPort] };
  return [
    // Also where sshd's port is no longer hidden, and where a connection that was never completed is
    // tried again after the ban.
    {
      when: [ssh, { is: "syn" }, from(banSet(family)), notFrom(allowSet(family))],
      then: { do: "drop" },
    },
    { when: [ssh, { is: "redirected" }], then: { do: "accept" } },
    // Whatever a guest sends: were a first packet with data dropped, the tarpit would never see who
    // completed a connection with it, and would not ban them.
    { when: [tarpit, { is: "redirected" }], then: { do: "accept" } },
    // The tarpit's own port looks as closed as every other.
    { when: [tarpit], then: { do: "refuse" } },
    // Only what opens a connection is dropped: a session from before the start has no redirect,
    // and conntrack may know it as new. A minute whose SSH port is sshd's own needs no redirect.
    {
      when: [ssh, { is: "syn" }, to(HIDDEN), notTo(SSH)],
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

function notFrom(set: SetSpec): Match {
  return { is: "not in", set: set.name, key: "src" };
}

function notTo(set: SetSpec): Match {
  return { is: "not in", set: set.name, key: "dst" };
}

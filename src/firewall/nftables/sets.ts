import type { Family } from "../../os/address.ts";

/** The table that holds everything of C3PO's but what keeps sessions alive. */
export const TABLE = "inet c3po";

/** What the rules note in {@linkcode TOUCHED}, so that one small listing tells whether anything happened. */
export const MARKS = { sentinel: 0, hit: 1, came: 2, confirmed: 3, more: 4, full: 5 } as const;

/**
 * Holds the marks of what happened. The sentinel stays for ever: a listing that shows it says that the
 * table is there.
 */
export const TOUCHED = "touched";
/** Families whose sets of bans are full; while one is here, strangers of it meet no service. */
export const FULL = "full";

/** Doors that belong to an address for a while. */
export const CLAIMED = "claimed";
/** Every port there is. */
const CLAIM_CAPACITY = 65_536;

/** More bans than one set holds go to the other of its family. */
export const BAN_SETS = ["ban", "more"] as const;
/** One of them, without its family. */
export type BanSet = typeof BAN_SETS[number];
/** What other servers reported, without its family. */
export const FLEET = "fleet";
/** The sets of IPv6 networks that are shut out whole, by the length of their prefix. */
export const NETWORK_SETS = [
  { name: "net56", prefix: 56, mask: "ffff:ffff:ffff:ff00::" },
  { name: "net48", prefix: 48, mask: "ffff:ffff:ffff::" },
] as const;
/** How many bans one set holds. */
export const BAN_CAPACITY = 1_048_576;
/** Notes of one kind that wait to be read; what has no room bans all the same. */
const NOTE_CAPACITY = 16_384;
/** Connections to the tarpit that are told apart; with more of them some are counted twice. */
const GUEST_CAPACITY = 65_536;
/** Connections through doors that were begun and not completed yet. */
const COMING_CAPACITY = 65_536;
const TRUST_CAPACITY = 65_536;
/** Addresses that other servers reported; when it is full, what is new is refused. */
const FLEET_CAPACITY = 262_144;
/** Networks of one length; when it is full, what is new is refused. */
const NETWORK_CAPACITY = 65_536;
/** Sessions that outlive a loss of the kernel's table of connections. */
const SESSION_CAPACITY = 16_384;

/** A set of nftables. */
export interface SetSpec {
  readonly kind: "set" | "map";
  readonly name: string;
  /** The part of the definition between the braces, without elements. */
  readonly definition: string;
}

// The collector of expired elements walks through a whole set each second unless it is told otherwise,
// though lookups never see what has expired: 1.5 % of a core at 100,000 bans.
const COLLECT = "gc-interval 1m;";

/** Sets by name and family. */
export function setName(name: string, family: Family): string {
  return `${name}${family}`;
}

/**
 * All sets of the table, in the order in which they are made.
 *
 * @param capacity how many bans one set holds
 */
export function allSets(capacity: number): SetSpec[] {
  return [
    {
      kind: "set",
      name: TOUCHED,
      definition: "type inet_service; flags dynamic,timeout; size 64;",
    },
    {
      kind: "set",
      name: FULL,
      definition: "type nf_proto; flags dynamic,timeout; size 16; timeout 10s;",
    },
    {
      kind: "set",
      name: CLAIMED,
      definition: `type inet_service; flags dynamic,timeout; size ${CLAIM_CAPACITY}; ${COLLECT}`,
    },
    ...familySets(4, "ipv4_addr", capacity),
    ...familySets(6, "ipv6_addr", capacity),
    ...NETWORK_SETS.map(({ name }): SetSpec => ({
      kind: "set",
      name,
      definition: `type ipv6_addr; flags timeout; size ${NETWORK_CAPACITY}; ${COLLECT}`,
    })),
  ];
}

/** The sets and maps of running sessions alone. */
export function sessionSets(): SetSpec[] {
  return allSets(BAN_CAPACITY).filter(({ name }) => /^(?:run|to|from)[46]$/.test(name));
}

function familySets(family: Family, type: string, capacity: number): SetSpec[] {
  const dynamic = "flags dynamic,timeout;";
  const sessions = `${dynamic} size ${SESSION_CAPACITY}; timeout 7d;`;
  const notes = `${dynamic} size ${NOTE_CAPACITY}; timeout 1h; ${COLLECT}`;
  return [
    ...BAN_SETS.map((name) => ({
      name,
      definition: `type ${type}; ${dynamic} size ${capacity}; ${COLLECT}`,
    })),
    {
      name: FLEET,
      definition: `type ${type}; flags timeout; size ${FLEET_CAPACITY}; ${COLLECT}`,
    },
    {
      name: "trust",
      definition: `type ${type}; flags timeout; size ${TRUST_CAPACITY}; ${COLLECT}`,
    },
    // Intervals melt into each other, so the networks themselves are kept beside them.
    { name: "allow", definition: `type ${type}; flags interval; auto-merge;` },
    { name: "network", definition: `type ${type} . inet_service;` },
    { name: "hit", definition: `type ${type} . inet_service; ${notes}` },
    {
      name: "coming",
      definition:
        `type ${type} . inet_service; ${dynamic} size ${COMING_CAPACITY}; timeout 2m; ${COLLECT}`,
    },
    {
      name: "claim",
      definition:
        `type ${type} . inet_service; ${dynamic} size ${CLAIM_CAPACITY}; timeout 3m; ${COLLECT}`,
    },
    { name: "came", definition: `type ${type} . inet_service; ${notes}` },
    { name: "confirmed", definition: `type ${type}; ${notes}` },
    {
      name: "guest",
      definition:
        `type ${type} . inet_service; ${dynamic} size ${GUEST_CAPACITY}; timeout 1d; ${COLLECT}`,
    },
    // Where running sessions come from, and to which port.
    {
      name: "run",
      definition: `type ${type} . inet_service . inet_service; ${sessions} ${COLLECT}`,
    },
    // Where they lead, and back. A longer key would be too much for nft 1.0.6, and it does not let the
    // collector of a map be slowed down, so these stay small.
    ...["to", "from"].map((name) => ({
      name,
      kind: "map" as const,
      definition: `type ${type} . inet_service : ${type} . inet_service; ${sessions}`,
    })),
  ].map((spec) => ({ kind: "set", ...spec, name: setName(spec.name, family) }));
}

import { BAN_PREFIX_6, type Family } from "../../os/address.ts";

/**
 * A set of the kernel, as ipset knows it. The layout of a set never depends on the configuration, so
 * that one left behind by another run, or made by `c3po ban` before `serve`, fits as it is.
 */
export interface SetSpec {
  readonly name: string;
  readonly type: "bitmap:port" | "hash:ip" | "hash:net" | "hash:ip,port";
  readonly family?: Family;
  /** The most entries it takes. */
  readonly capacity?: number;
  /**
   * How many buckets its hash has from the start, a power of two; without it few, and more as it
   * grows. But a set grows only at the hand of the ipset command: what the rules add has to fit, at
   * most twelve to a bucket. At four on average, some fifty of a million find their bucket full, and
   * an old entry there makes room.
   */
  readonly buckets?: number;
  /** What happens when it is full: an old entry makes room, instead of the new one being lost. */
  readonly evicts?: true;
  /** Entries are networks of this prefix. */
  readonly prefix?: number;
  /** Entries may end by themselves; without it they stay. */
  readonly expires?: true;
}

/** A million bans, and the power of two above it. */
export const MOST_BANS = 1 << 20;
/** Networks of one family that are never banned. */
export const MOST_NETWORKS = 1 << 17;
const MOST_SHARED = 1 << 18;
const MOST_NOTES = 1 << 16;

/**
 * Ports of C3PO that were touched recently. Port 0, which cannot be touched, is always in the set:
 * if it is missing, the sets were emptied.
 */
export const TOUCHED: SetSpec = { name: "c3po-touched", type: "bitmap:port", expires: true };
/** The entry of {@linkcode TOUCHED} that is always there. */
export const SENTINEL = "0";
/** Where the next content of a set of ports is prepared before the two are swapped. */
export const SPARE: SetSpec = { name: "c3po-spare", type: "bitmap:port" };

/** The same for sets of addresses with ports. Only there while one is filled. */
export const SPARE_PLACES: SetSpec = { name: "c3po-6-spare", type: "hash:ip,port", family: 6 };

/** Minutes whose windows are loaded at once, generously: a minute's sets are found by its remainder. */
const SLOTS = 128;

/** Which of the pairs of sets a minute has. */
export function slotOf(minute: number): number {
  return ((minute % SLOTS) + SLOTS) % SLOTS;
}

/** The ports that lead to a service in the window of a slot. */
export function doorSet(service: string, slot: number): SetSpec {
  return { name: `c3po-${service}-${slot}`, type: "bitmap:port" };
}

/** The addresses that lead to a service in the window of a slot, each with its port. No service has this name. */
export function placeSet(service: string, slot: number): SetSpec {
  return { name: `c3po-6-${service}-${slot}`, type: "hash:ip,port", family: 6 };
}

/** The traps in the window of a slot. No service has this name. */
export function trapSet(slot: number): SetSpec {
  return { name: `c3po-0-${slot}`, type: "bitmap:port" };
}

/** Addresses that are shut out; IPv6 by /64, since a host owns all of one. */
export function banSet(family: Family): SetSpec {
  return addresses("ban", family, MOST_BANS, MOST_BANS / 4);
}

/** IPv6 networks that are shut out whole. */
export const NETWORKS: SetSpec = {
  name: "c3po-net6",
  type: "hash:net",
  family: 6,
  capacity: MOST_NOTES,
  evicts: true,
  expires: true,
};

/**
 * Addresses that other servers reported. What is new never pushes out what is there; only the ipset command
 * adds to it, so it grows as it fills.
 */
export function fleetSet(family: Family): SetSpec {
  const { evicts: _, ...set } = addresses("fleet", family, MOST_SHARED);
  return set;
}

/** Addresses that no lone SYN bans. By /64, as a ban would cover them. */
export function trustSet(family: Family): SetSpec {
  return addresses("trust", family, MOST_NOTES);
}

/** Addresses that have asked a trap for a connection and not completed it yet. */
export function pendingSet(family: Family): SetSpec {
  return addresses("pending", family, MOST_NOTES, MOST_NOTES / 4);
}

/** Addresses that have completed a connection to a trap since the last look. */
export function confirmedSet(family: Family): SetSpec {
  return addresses("confirmed", family, MOST_NOTES, MOST_NOTES / 4);
}

/** Doors that belong to an address for a while. */
export const CLAIMED: SetSpec = { name: "c3po-claimed", type: "bitmap:port", expires: true };

/** Those addresses, with their doors. */
export function claimSet(family: Family): SetSpec {
  return touches("claim", family);
}

/** Networks that are never banned. */
export function allowSet(family: Family): SetSpec {
  return { name: `c3po-allow${family}`, type: "hash:net", family, capacity: MOST_NETWORKS };
}

/** Who touched which trap since the last look. */
export function hitSet(family: Family): SetSpec {
  return touches("hit", family);
}

/** Who has asked which door for a connection and not completed it yet. */
export function comingSet(family: Family): SetSpec {
  return touches("coming", family);
}

/** Who completed a connection through which door since the last look. */
export function cameSet(family: Family): SetSpec {
  return touches("came", family);
}

/** A set of the same layout that takes the place of one while that is read. */
export function nextOf(set: SetSpec): SetSpec {
  return { ...set, name: set.name.replace("c3po-", "c3po-next-") };
}

/** The sets that the rules write for us to read. */
export function noteSets(family: Family): SetSpec[] {
  return [hitSet(family), cameSet(family), confirmedSet(family)];
}

/** Every set of some families but those of windows. */
export function allSets(families: readonly Family[]): SetSpec[] {
  return [
    TOUCHED,
    SPARE,
    CLAIMED,
    ...families.flatMap((family) => [
      banSet(family),
      ...(family === 6 ? [NETWORKS] : []),
      fleetSet(family),
      allowSet(family),
      trustSet(family),
      pendingSet(family),
      comingSet(family),
      claimSet(family),
      ...noteSets(family).flatMap((set) => [set, nextOf(set)]),
    ]),
  ];
}

/** Whether a set is C3PO's, whichever version made it. */
export function isOurs(name: string): boolean {
  return name.startsWith("c3po-");
}

function addresses(what: string, family: Family, capacity: number, buckets?: number): SetSpec {
  return {
    name: `c3po-${what}${family}`,
    type: "hash:ip",
    family,
    capacity,
    ...(buckets === undefined ? {} : { buckets }),
    evicts: true,
    expires: true,
    ...(family === 6 ? { prefix: BAN_PREFIX_6 } : {}),
  };
}

function touches(what: string, family: Family): SetSpec {
  return {
    name: `c3po-${what}${family}`,
    type: "hash:ip,port",
    family,
    capacity: MOST_NOTES,
    buckets: MOST_NOTES / 4,
    evicts: true,
    expires: true,
  };
}

import { BAN_PREFIX_6, type Family } from "../address.ts";

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
const MOST_NETWORKS = 1 << 16;
const MOST_HITS = 1 << 16;
const MOST_FRIENDS = 1 << 16;

const ports = (name: string): SetSpec => ({ name, type: "bitmap:port", expires: true });

/** Ports that lead to sshd now. */
export const SSH = ports("c3po-ssh");
/** Ports that ban whoever touches them now. */
export const TRAP = ports("c3po-trap");
/** Which of those ports somebody came to a moment ago: whoever looks at this need not look at more. */
export const TOUCHED = ports("c3po-touched");
/** Where the next content of {@linkcode SSH} is prepared before the two are swapped. */
export const NEXT_SSH = ports("c3po-next-ssh");
/** Where the next content of {@linkcode TRAP} is prepared. */
export const NEXT_TRAP = ports("c3po-next-trap");
/** sshd's own port, for as long as it is hidden: the dead-man's switch is that this entry expires. */
export const HIDDEN = ports("c3po-hidden");

/** Addresses that are shut out; IPv6 by /64, since a host owns all of one. */
export function banSet(family: Family): SetSpec {
  return {
    name: `c3po-ban${family}`,
    type: "hash:ip",
    family,
    capacity: MOST_BANS,
    buckets: MOST_BANS / 4,
    evicts: true,
    expires: true,
    ...prefixOf(family),
  };
}

/** Networks that are never banned. */
export function allowSet(family: Family): SetSpec {
  return { name: `c3po-allow${family}`, type: "hash:net", family, capacity: MOST_NETWORKS };
}

/** Addresses that have logged in: a lone SYN does not ban them. By /64, as a ban would cover them. */
export function friendSet(family: Family): SetSpec {
  return {
    name: `c3po-friend${family}`,
    type: "hash:ip",
    family,
    capacity: MOST_FRIENDS,
    evicts: true,
    expires: true,
    ...prefixOf(family),
  };
}

/** Who touched which trap since the last look. */
export function hitSet(family: Family): SetSpec {
  return hits(`c3po-hit${family}`, family);
}

/** Takes the place of {@linkcode hitSet} while that one is read. */
export function nextHitSet(family: Family): SetSpec {
  return hits(`c3po-next-hit${family}`, family);
}

function prefixOf(family: Family): { readonly prefix?: number } {
  return family === 6 ? { prefix: BAN_PREFIX_6 } : {};
}

function hits(name: string, family: Family): SetSpec {
  return {
    name,
    type: "hash:ip,port",
    family,
    capacity: MOST_HITS,
    buckets: MOST_HITS / 4,
    evicts: true,
    expires: true,
  };
}

/** Every set of C3PO for some families. */
export function allSets(families: readonly Family[]): SetSpec[] {
  const each = [banSet, allowSet, friendSet, hitSet, nextHitSet];
  return [
    ...[SSH, TRAP, NEXT_SSH, NEXT_TRAP, TOUCHED, HIDDEN],
    ...families.flatMap((family) => each.map((make) => make(family))),
  ];
}

/** Whether a set is C3PO's, whichever version made it. */
export function isOurs(name: string): boolean {
  return name.startsWith("c3po-");
}

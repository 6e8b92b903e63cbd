import { must, type Namespace } from "../../tests/kernel/lab.ts";
import type { Redis } from "../../tests/fleet/redis.ts";

/** The machines on which all ways are measured. */
export interface Machines {
  /** The server that is attacked. */
  readonly attacked: Namespace;
  /** The server that shall hear of it. */
  readonly other: Namespace;
  readonly store: Namespace;
  /** The Redis that runs there. */
  readonly redis: Redis;
}

/** An attacker, and when it was noticeable for the first time. */
export interface Offence {
  readonly address: string;
  /** Unix time in milliseconds. */
  readonly began: number;
}

/** A way by which a server tells another whom to ban, at work. */
export interface Way {
  readonly name: string;
  /** What its offences are called. */
  readonly offences: string;
  /** The ipset of the other server that gets the address. */
  readonly set: string;
  /** Whether it waits for most of the time: then it has fewer turns than the others. */
  readonly polls: boolean;
  /** Attacks, each time from another address. */
  offend(): Promise<Offence>;
}

/** A tool beside C3PO. */
export interface Peer {
  readonly name: string;
  /** The programs that it needs, each with Debian's package of it. */
  readonly programs: Readonly<Record<string, string>>;
  start(machines: Machines): Promise<Way>;
}

/** The packages of a peer whose programs this machine does not have. */
export async function missingPackages({ programs }: Peer): Promise<string[]> {
  const missing = new Set<string>();
  for (const [program, name] of Object.entries(programs)) {
    await must("which", [program]).catch(() => missing.add(name));
  }
  return [...missing];
}

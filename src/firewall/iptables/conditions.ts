import type { Address, Family } from "../../os/address.ts";
import type { Window } from "../../schedule/windows.ts";
import type { Policy } from "../policy.ts";
import type { Match, Rule, Verdict } from "./rules.ts";
import { allowSet, banSet, fleetSet, NETWORKS, type SetSpec, TOUCHED, trustSet } from "./sets.ts";

/** How long a note waits to be read before the kernel forgets it, in seconds. */
const NOTE_SECONDS = 3600;
/** How long a handshake may take, in seconds. */
export const PENDING_SECONDS = 120;

export const OUTSIDE: Match = { is: "outside" };
export const SYN: Match = { is: "syn" };
export const UDP: Match = { is: "udp" };
export const REDIRECTED: Match = { is: "redirected" };
export const ESTABLISHED: Match = { is: "established" };

/** Has the kernel remember that something happened at a port, for as long as what happened. */
export const MARK: Verdict = { do: "add", set: TOUCHED.name, key: "dst", seconds: NOTE_SECONDS };

export function note(
  set: SetSpec,
  key: "src" | "src,dst",
): Extract<Verdict, { do: "add" }> {
  return { do: "add", set: set.name, key, seconds: NOTE_SECONDS };
}

export function banned(family: Family): Match[] {
  return [from(banSet(family)), notFrom(allowSet(family))];
}

/**
 * Who reaches no service: those who are banned here, and strangers of networks that are banned whole or that
 * other servers reported.
 */
export function shutOut(family: Family, { shares }: Policy): Match[][] {
  const strangers = (set: SetSpec): Match[] => [
    from(set),
    notFrom(allowSet(family)),
    notFrom(trustSet(family)),
  ];
  return [
    banned(family),
    ...(family === 6 ? [strangers(NETWORKS)] : []),
    ...(shares ? [strangers(fleetSet(family))] : []),
  ];
}

/** What happens to all that is meant for the network of a door; nothing where there is none. */
export function inNetwork(family: Family, { door }: Policy, then: Verdict): Rule[] {
  if (family === 4 || door === undefined) return [];
  return [{ when: [{ is: "to network", network: door }], then }];
}

export function from(set: SetSpec): Match {
  return { is: "in", set: set.name, key: "src" };
}

export function notFrom(set: SetSpec): Match {
  return { is: "not in", set: set.name, key: "src" };
}

/** In the time of a window, by the kernel's clock. */
export function during({ from, until }: Window): Match {
  return { is: "during", from, until };
}

/** A match for each of some networks that is of a family. */
export function fromEach(family: Family, networks: readonly Address[]): Match[] {
  return networks.filter((each) => each.family === family).map(({ text }): Match => ({
    is: "from network",
    network: text,
  }));
}

/** At one port. */
export function at(port: number): Match {
  return { is: "to port", ports: [port] };
}

/** At a port, or a place, that is in a set. */
export function to(set: SetSpec): Match {
  return { is: "in", set: set.name, key: "dst" };
}

import { Failure } from "../core/errors.ts";
import { describeSkew, isNotable, skewOf } from "../core/skew.ts";
import type { Reached, Unreached } from "./reach.ts";

/** What a search for the open port ended in. */
export type Verdict =
  /** Answers show that the host is up, and none of our ports is open there. */
  | "shut"
  /** Nothing answers. */
  | "silent"
  /** Something on the way says that the host cannot be reached. */
  | "unreachable"
  | "no network"
  | "unknown host";

/**
 * What it means that no port answered. To an address it banned a server shows closed ports, so a
 * ban cannot be told from a wrong key.
 */
export function verdictOn({ own, others }: Unreached): Verdict {
  if (own === "no network" || own === "unknown host") return own;
  if (own === "silent" && !others.includes("refused")) return "silent";
  if (own === "unreachable" && !others.includes("refused")) return "unreachable";
  return "shut";
}

/** The failure to tell the user when no port of a host answered. */
export function explain(name: string, unreached: Unreached): Failure {
  const [message, hint] = TEXTS[verdictOn(unreached)];
  return new Failure(message.replace("HOST", () => `"${name}"`), { hint });
}

const TEXTS: Readonly<Record<Verdict, readonly [message: string, hint: string]>> = {
  shut: [
    "HOST is up, but neither this minute's port nor its neighbours' are open to this address",
    "is c3po serve running there? compare both ends: c3po key check, date -u; with a wrong key a " +
    "try may have met a trap and banned this address: then wait (15m, longer after repeats), or " +
    "come from another one and run there: sudo c3po ban remove ADDRESS",
  ],
  silent: [
    "no answer from HOST",
    "the host is down, a firewall is in between, or this address is banned; where closed ports " +
    "do not answer, the key or a clock may be wrong as well",
  ],
  unreachable: [
    "no way to HOST: something on the way, or its own firewall, refuses the connection",
    "is the host up? if it is, compare both ends: c3po key check, date -u",
  ],
  "no network": ["no network leads to HOST", "check the connection of this machine"],
  "unknown host": ["HOST has no address", "check the name, and HostName in ~/.ssh/config"],
};

/**
 * What to tell a user who got in by a neighbouring minute's port.
 *
 * @returns null if the clocks agree well enough
 */
export function clockNote({ open, at }: Pick<Reached, "open" | "at">): string | null {
  const skew = skewOf(at, open.minute);
  return isNotable(skew) ? `${describeSkew(skew)}: set the one that is wrong` : null;
}

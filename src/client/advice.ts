import { Failure } from "../os/errors.ts";
import { printable } from "../os/printable.ts";
import { describeSkew, isNotable, skewOf } from "./skew.ts";
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
export function verdictOn({ own, others }: Pick<Unreached, "own" | "others">): Verdict {
  if (own === "no network" || own === "unknown host") return own;
  if (own === "silent" && !others.includes("refused")) return "silent";
  if (own === "unreachable" && !others.includes("refused")) return "unreachable";
  return "shut";
}

/**
 * The failure to tell the user when no port of a host answered.
 *
 * @param source where the key was found
 */
export function explain(name: string, unreached: Unreached, source: string): Failure {
  const [message, hint] = TEXTS[verdictOn(unreached)];
  const which = unreached.others.length > 0
    ? "neither this minute's port nor those of adjacent minutes are"
    : "this minute's port is not";
  const told = message.replace("HOST", () => `"${printable(name)}"`).replace("WHICH", which);
  const parts = [hint.replace("SOURCE", () => source)];
  if (unreached.held) parts.push(HELD);
  if (unreached.door !== null) {
    parts.push(
      `the address is in the door ${unreached.door}: this network must have IPv6, the door must be the ` +
        "server's and routed to it; without it: --door off",
    );
  }
  return new Failure(told, { hint: parts.join("; ") });
}

const HELD =
  "the ports of adjacent minutes may be traps and were not tried: if the clocks differ, set " +
  "them; a server without users and services can be reached all the same if you give its number of traps " +
  "with --traps N";

const TEXTS: Readonly<Record<Verdict, readonly [message: string, hint: string]>> = {
  shut: [
    "HOST is up, but WHICH open to this address",
    "this address may be banned: wait (15m, longer after repeats), or from another address run " +
    "sudo c3po ban remove ADDRESS; or c3po serve is not running (then plain ssh answers); or the key " +
    "(SOURCE) or the clock differs from the server's: c3po key check, date -u; or this network " +
    "only allows outgoing connections to well-known ports",
  ],
  silent: [
    "no answer from HOST",
    "the host is down, a firewall is in between (some networks only allow well-known ports), or " +
    "this address is banned; if the host drops packets to closed ports, the key (SOURCE) or a " +
    "clock may be wrong as well",
  ],
  unreachable: [
    "cannot reach HOST: its firewall, or one on the way, rejects the connection",
    "is the host up, and does this network allow outgoing connections to any port? if so, " +
    "compare the key (SOURCE) and the clock with the server's: c3po key check, date -u",
  ],
  "no network": ["no route to HOST", "check the network connection of this machine"],
  "unknown host": ["cannot resolve HOST", "check the name, and HostName in ~/.ssh/config"],
};

/**
 * What to tell a user who got in by a neighbouring minute's port.
 *
 * @returns null if the clocks agree well enough
 */
export function clockNote({ open, at }: Pick<Reached, "open" | "at">): string | null {
  const skew = skewOf(at, open.minute);
  return isNotable(skew) ? `${describeSkew(skew)}: set the wrong clock` : null;
}

import type { Family } from "../../../os/address.ts";

/** A packet that opens a connection through a door, from a source that no rule matches. */
export interface Packet {
  readonly family: Family;
  /** Where the door leads to. */
  readonly port: number;
}

/**
 * Whether a condition holds for such a packet: `some` if it holds for some senders only, `place` if on
 * some interfaces only, `now and then` if that depends on how many others there are.
 */
export type Holds = "yes" | "no" | "some" | "place" | "now and then";

/** A rule of a chain that sees what comes in. */
export interface InputRule {
  readonly conditions: readonly Holds[];
  /** Whether it names ports. */
  readonly isAboutPorts: boolean;
  readonly then: "accept" | "deny" | "return" | "next" | { readonly chain: string };
}

/** A chain that the kernel calls for what comes in. */
export interface InputChain {
  readonly rules: readonly InputRule[];
  readonly policy: "accept" | "deny";
}

/**
 * Where such a packet is denied.
 *
 * @param chains those that are jumped to
 * @returns the number of the rule in the chain itself, from 0 on, or that behind the last if it is the
 * policy; null if it is let in
 */
export function deniedAt(
  { rules, policy }: InputChain,
  chains: ReadonlyMap<string, readonly InputRule[]>,
): number | null {
  for (const [at, rule] of rules.entries()) {
    const verdict = verdictOf(rule, chains, []);
    if (verdict === "accept") return null;
    if (verdict === "deny") return at;
    if (verdict === "return") break;
  }
  return policy === "deny" ? rules.length : null;
}

type Verdict = "accept" | "deny" | "return" | "next";

function verdictOf(
  { conditions, isAboutPorts, then }: InputRule,
  chains: ReadonlyMap<string, readonly InputRule[]>,
  path: readonly string[],
): Verdict {
  const among = (...kinds: Holds[]): boolean => conditions.some((each) => kinds.includes(each));
  if (among("no", "some") || then === "next") return "next";
  if (then === "deny") {
    return among("place") || (among("now and then") && isAboutPorts) ? "next" : "deny";
  }
  if (then === "return") return among("place", "now and then") ? "next" : "return";
  if (then === "accept") return "accept";
  if (path.includes(then.chain)) return "next";
  for (const rule of chains.get(then.chain) ?? []) {
    const verdict = verdictOf(rule, chains, [...path, then.chain]);
    if (verdict === "return") return "next";
    if (verdict !== "next") return verdict;
  }
  return "next";
}

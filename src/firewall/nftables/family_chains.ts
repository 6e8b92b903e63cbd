import type { Policy } from "../policy.ts";
import type { Chain } from "./chains.ts";
import type { Dialect } from "./dialect.ts";
import { strangersOf } from "./matches.ts";
import { BAN_SETS, CLAIMED, FULL, MARKS, TOUCHED } from "./sets.ts";
import { WINDOWS } from "./window_rules.ts";

/** What becomes of a packet by who sent it: allowed, banned, trusted or a stranger; of one family. */
export function familyChains(dialect: Dialect, policy: Policy): Chain[] {
  const { family, source, unit, nobody } = dialect;
  const set = (of: string): string => `@${of}${family}`;
  const allowed = `${source} ${set("allow")}`;
  const banned = (verdict: string): string[] =>
    BAN_SETS.map((ban) => `${unit} ${set(ban)} ${verdict}`);
  const strangers = strangersOf(dialect, policy);
  const time = `timeout ${policy.banSeconds}s`;
  const mark = (kind: keyof typeof MARKS): string =>
    `update @${TOUCHED} { tcp dport & ${MARKS[kind]} | ${MARKS[kind]} }`;
  // A set that is full ends the rule that adds, and the next one is asked. What is there stays as it is:
  // a ban may have been made longer since.
  const ban = (verdict: string): string[] => [
    `add ${set("ban")} { ${unit} ${time} } ${verdict}`,
    `add ${set("more")} { ${unit} ${time} } ${mark("more")} ${verdict}`,
    `update @${FULL} { meta nfproto } ${mark("full")}`,
    verdict,
  ];
  return [
    {
      name: `sort${family}`,
      hook: null,
      rules: [
        `${allowed} goto ${WINDOWS}`,
        // A banned address meets this machine as if C3PO were not there: every port is as closed to it as
        // those without a listener.
        ...banned("return"),
        ...strangers("return"),
        `goto ${WINDOWS}`,
      ],
    },
    {
      name: `trap${family}`,
      hook: null,
      rules: [
        `${source} ${nobody} goto lead`,
        "fib saddr type local goto lead",
        `${allowed} goto lead`,
        `update ${set("hit")} { ${source} . tcp dport } ${mark("hit")}`,
        // An attacker may forge the addresses of users too; a completed connection still bans.
        ...(policy.trigger === "syn"
          ? [`${unit} ${set("trust")} goto lead`, ...ban("goto lead")]
          : ["goto lead"]),
      ],
    },
    {
      name: `coming${family}`,
      hook: null,
      rules: [
        `${source} ${nobody} return`,
        `update ${set("coming")} { ${source} . tcp sport }`,
        // With no room for bans every port leads strangers to the tarpit, for some seconds.
        `meta nfproto != @${FULL} return`,
        `${allowed} return`,
        `${unit} ${set("trust")} return`,
        "goto lead",
      ],
    },
    {
      name: `came${family}`,
      hook: null,
      rules: [
        `${source} . tcp sport != ${set("coming")} return`,
        `delete ${set("coming")} { ${source} . tcp sport }`,
        `meta l4proto tcp update ${set("came")} { ${source} . ct original proto-dst } ${
          mark("came")
        }`,
      ],
    },
    { name: `banned${family}`, hook: null, rules: [`${allowed} return`, ...banned("drop")] },
    {
      name: `refused${family}`,
      hook: null,
      rules: [`${allowed} return`, ...banned("reject with tcp reset")],
    },
    { name: `strange${family}`, hook: null, rules: [`${allowed} return`, ...strangers("drop")] },
    {
      name: `unwelcome${family}`,
      hook: null,
      rules: [`${allowed} return`, ...strangers("reject with tcp reset")],
    },
    // A connection to the tarpit that begins anew counts anew.
    {
      name: `begun${family}`,
      hook: null,
      rules: [`delete ${set("guest")} { ${source} . tcp sport }`],
    },
    {
      name: `guest${family}`,
      hook: null,
      rules: [
        `${source} . tcp sport ${set("guest")} accept`,
        `add ${set("guest")} { ${source} . tcp sport }`,
        `${source} ${nobody} accept`,
        "fib saddr type local accept",
        `${allowed} accept`,
        `update ${set("confirmed")} { ${source} } ${mark("confirmed")}`,
        ...ban("accept"),
      ],
    },
  ];
}

/**
 * A door belongs to the first address: for every other it is closed, as a port where nothing listens. Both
 * families share what is claimed.
 */
export function claimChains({ family, source }: Dialect, { claimSeconds }: Policy): Chain[] {
  if (claimSeconds === undefined) return [];
  const time = `timeout ${claimSeconds}s`;
  return [{
    name: `claim${family}`,
    hook: null,
    rules: [
      `${source} . tcp dport @claim${family} return`,
      `tcp dport @${CLAIMED} accept`,
      `add @${CLAIMED} { tcp dport ${time} }`,
      `add @claim${family} { ${source} . tcp dport ${time} }`,
    ],
  }];
}

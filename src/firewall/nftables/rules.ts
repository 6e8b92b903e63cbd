import { tcpServices } from "../access.ts";
import type { Policy } from "../policy.ts";
import { type Chain, COMPLETING, OUTSIDE, RUNNING, SYN } from "./chains.ts";
import { datagramEntrance, datagramInput, fixedDatagramChains } from "./datagram_rules.ts";
import { toNetwork } from "./door_rules.ts";
import { byFamily, type Dialect, DIALECTS } from "./dialect.ts";
import { BAN_SETS, CLAIMED, FULL, MARKS, TOUCHED } from "./sets.ts";
import { strangersOf } from "./matches.ts";
import { serviceChains } from "./service_rules.ts";
import { sessionChains } from "./session_rules.ts";
import { WINDOWS } from "./window_rules.ts";

/** What the rules need to know of this machine. */
export interface Surroundings {
  /**
   * Whether the kernel has found the socket of a running connection before the rules see its packet. Then
   * a connection can be told from a listener, also from one that listens on one address alone.
   */
  readonly earlyDemux: boolean;
  /**
   * Whether nft can ask a socket for its control group. It has one until its last byte is sent, also where the
   * service has closed it; its user it has no longer.
   */
  readonly cgroups: boolean;
  /** How many bans one set holds. */
  readonly capacity: number;
  /** Whether nft can write rules that note where IPv6 sessions lead: before 1.0.7 it could not. */
  readonly notesIpv6: boolean;
}

/** The chains that do not change with the windows. */
export function fixedChains(
  policy: Policy,
  { earlyDemux, cgroups, notesIpv6 }: Surroundings,
): Chain[] {
  const { tarpitPort } = policy;
  const services = tcpServices(policy);
  const ports = services.map(({ port }) => port);
  // What has one of these is a whole socket, and no handshake that waits for its end.
  const found = `meta ${cgroups ? "cgroup" : "skuid"} 0-4294967295`;
  const own = `socket wildcard 0${earlyDemux ? ` ${found}` : ""}`;
  return [
    ...DIALECTS.flatMap((dialect) => [
      ...familyChains(dialect, policy),
      ...claimChains(dialect, policy),
      ...sessionChains(dialect, dialect.family === 4 || notesIpv6),
    ]),
    { name: "lead", hook: null, rules: [`meta l4proto tcp dnat to :${tarpitPort}`] },
    // Who listens is looked up at the very packet: a service is safe from its first client on.
    {
      name: "trap",
      hook: null,
      rules: ["socket transparent <= 1 return", byFamily("goto", "trap")],
    },
    // A hidden port that is a trap as well: there the service listens, and is not meant.
    { name: "wire", hook: null, rules: [byFamily("goto", "trap")] },
    ...services.flatMap((service) =>
      serviceChains(service, own, { isClaimed: policy.claimSeconds !== undefined })
    ),
    ...fixedDatagramChains(policy),
    tarpitChain(),
    ...(policy.scope === "all" ? [banishChain()] : []),
    // Another tool's forwarding wins: once a chain has redirected, the kernel skips later ones.
    hooked("nat", "type nat hook prerouting priority dstnat + 50; policy accept;", [
      `${OUTSIDE} ${SYN} fib daddr type local ${byFamily("jump", "sort")}`,
      `${OUTSIDE} ${RUNNING} fib daddr type local ${byFamily("goto", "resume")}`,
      ...datagramEntrance(policy),
    ]),
    // Ahead of others' masquerades: a packet of ours that the kernel takes for the first of a connection.
    hooked("back", "type nat hook postrouting priority srcnat - 50; policy accept;", [
      `oif != "lo" tcp sport { ${ports.join(", ")} } ${RUNNING} ${byFamily("goto", "back")}`,
    ]),
    // Before other tools' chains; what they deny stays denied, for their chains are asked all the same.
    hooked("input", "type filter hook input priority filter - 10; policy accept;", [
      ...toNetwork(policy).map((rule) => `${OUTSIDE} ${rule}`),
      // Rules and no map: while others are loaded, a packet that finds no map would be let in.
      ...ports.map((port) => `${OUTSIDE} tcp dport ${port} goto in${port}`),
      `${OUTSIDE} tcp dport ${tarpitPort} goto tarpit`,
      ...datagramInput(policy),
    ]),
    // After them: what they drop is met with their silence, and the rest is refused as by a closed port.
    hooked("last", "type filter hook input priority 300; policy accept;", [
      ...ports.map((port) => `${OUTSIDE} tcp dport ${port} goto last${port}`),
      `${OUTSIDE} tcp dport ${tarpitPort} goto unled`,
    ]),
    { name: "unled", hook: null, rules: ["ct status dnat accept", "reject with tcp reset"] },
  ];
}

/** The chain that is there only in some policies, and has to be removed with the others. */
export const BANISH = "banish";

function banishChain(): Chain {
  // Before connection tracking: what a banned address sends costs no entry there.
  return hooked(BANISH, "type filter hook prerouting priority raw; policy accept;", [
    `${OUTSIDE} ${SYN} fib daddr type local ${byFamily("jump", "banned")}`,
  ]);
}

function hooked(name: string, hook: string, rules: readonly string[]): Chain {
  return { name, hook, rules };
}

function familyChains(dialect: Dialect, policy: Policy): Chain[] {
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
function claimChains({ family, source }: Dialect, { claimSeconds }: Policy): Chain[] {
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

function tarpitChain(): Chain {
  return {
    name: "tarpit",
    hook: null,
    rules: [
      // What was not led here is refused at last.
      `${SYN} ct status dnat ${byFamily("goto", "begun")}`,
      `${COMPLETING} ${byFamily("goto", "guest")}`,
    ],
  };
}

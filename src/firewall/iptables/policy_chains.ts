import type { Family } from "../../os/address.ts";
import { tcpServices } from "../access.ts";
import type { Policy } from "../policy.ts";
import {
  banned,
  ESTABLISHED,
  from,
  MARK,
  note,
  notFrom,
  OUTSIDE,
  PENDING_SECONDS,
  REDIRECTED,
  shutOut,
  SYN,
} from "./conditions.ts";
import { toAddresses } from "./door_network_chains.ts";
import { datagramChains, entrance } from "./entrances.ts";
import {
  type ClosedPortReply,
  denials,
  input,
  LOOKED_UP,
  opened,
  type OwnSocket,
} from "./input_rules.ts";
import { always, type Chain, type Match, type Rule, type Verdict } from "./rules.ts";
import {
  allowSet,
  banSet,
  cameSet,
  comingSet,
  confirmedSet,
  hitSet,
  pendingSet,
  trustSet,
} from "./sets.ts";

/**
 * Invalid source addresses: no answer reaches them, so only forged packets have them, and the sets take none of
 * the unspecified ones.
 */
const NOBODY: Readonly<Record<Family, readonly string[]>> = {
  4: ["0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3"],
  6: ["::/64", "ff00::/8"],
};

const ASKING: readonly Match[] = [OUTSIDE, SYN, { is: "to this machine" }];

/**
 * What stays when C3PO stops during an open session and no other rule of the machine
 * needs connection tracking: a chain that nothing leads to. Without it the kernel would stop
 * tracking, no longer know that a session's packets are to be redirected, and reset it.
 */
export const SESSIONS: Chain = {
  table: "filter",
  name: "C3PO-SESSIONS",
  rules: [{ when: [REDIRECTED], then: { do: "return" } }],
};

/**
 * The chains that only a policy decides, of one family.
 *
 * @param own how a packet of a connection that is there is told from others
 */
export function policyChains(
  family: Family,
  policy: Policy,
  reply: ClosedPortReply,
  own: OwnSocket = LOOKED_UP,
): Chain[] {
  const ports = [...tcpServices(policy).map(({ port }) => port), policy.tarpitPort];
  const guarded: Match = { is: "to port", ports };
  return [
    ...(policy.scope === "all"
      ? [
        {
          table: "raw",
          name: "C3PO-PRE",
          hook: { chain: "PREROUTING", place: "first", when: ASKING },
          rules: [{ when: banned(family), then: { do: "drop" } }],
        } as const,
      ]
      : []),
    {
      table: "mangle",
      name: "C3PO-DENY",
      hook: { chain: "INPUT", place: "first", when: [OUTSIDE, guarded] },
      rules: denials(family, policy, reply, own),
    },
    { table: "mangle", name: "C3PO-CONFIRM", rules: confirmation(family, policy) },
    {
      table: "mangle",
      name: "C3PO-CAME",
      // Before the packet is redirected, so that its port is still that of the door.
      hook: {
        chain: "PREROUTING",
        place: "first",
        when: [OUTSIDE, { is: "acknowledging" }, REDIRECTED, ESTABLISHED],
      },
      rules: [
        {
          when: [{ is: "not in", set: comingSet(family).name, key: "src,dst" }],
          then: { do: "return" },
        },
        always(note(cameSet(family), "src,dst")),
        always(MARK),
        always({ do: "remove", set: comingSet(family).name, key: "src,dst" }),
      ],
    },
    {
      table: "filter",
      name: "C3PO-IN",
      hook: { chain: "INPUT", place: "first", when: [OUTSIDE, guarded] },
      rules: input(policy, reply, own),
    },
    ...(policy.openFirewall ? opened(policy) : []),
    {
      table: "nat",
      name: "C3PO-NAT",
      // Behind the rules of others: a port that they forward is theirs.
      hook: { chain: "PREROUTING", place: "last", when: ASKING },
      rules: [
        // A banned address meets this machine as if C3PO were not there. Silence would draw it a map of
        // the open ports, and two maps, before and within a grace, would show which of them leads to sshd.
        ...shutOut(family, policy).map((when): Rule => ({ when, then: { do: "return" } })),
        ...toAddresses(family, policy),
        always({ do: "jump", chain: "C3PO-OPEN" }),
      ],
    },
    ...tcpServices(policy).map((service) => entrance(family, service, policy)),
    ...datagramChains(family, policy),
    { table: "nat", name: "C3PO-TRAP", rules: spring(family, policy) },
    {
      table: "nat",
      name: "C3PO-PIT",
      rules: [always({ do: "redirect", port: policy.tarpitPort })],
    },
  ];
}

/** A trap was touched: the ban comes before the answer. */
function spring(family: Family, { trigger, banSeconds }: Policy): Rule[] {
  const pit: Verdict = { do: "goto", chain: "C3PO-PIT" };
  return [
    ...NOBODY[family].map((network): Rule => ({
      when: [{ is: "from network", network }],
      then: pit,
    })),
    { when: [{ is: "from this machine" }], then: pit },
    { when: [from(allowSet(family))], then: pit },
    always(note(hitSet(family), "src,dst")),
    always({ ...note(pendingSet(family), "src"), seconds: PENDING_SECONDS }),
    always(MARK),
    ...(trigger === "handshake" ? [] : [
      {
        // An attacker may forge the addresses of users too; a completed connection still bans.
        when: [notFrom(trustSet(family))],
        then: { do: "add", set: banSet(family).name, key: "src", seconds: banSeconds },
      } as const,
    ]),
    always(pit),
  ];
}

/** A completed connection to a trap. */
function confirmation(family: Family, { banSeconds }: Policy): Rule[] {
  return [
    {
      when: [notFrom(allowSet(family))],
      // Once: what a guest sends later must not shorten the longer ban of a repeat offender.
      then: { do: "add", set: banSet(family).name, key: "src", seconds: banSeconds, once: true },
    },
    always(note(confirmedSet(family), "src")),
    always(MARK),
    always({ do: "remove", set: pendingSet(family).name, key: "src" }),
  ];
}

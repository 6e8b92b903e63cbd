import { tcpServices } from "../access.ts";
import type { Policy } from "../policy.ts";
import { type Chain, COMPLETING, OUTSIDE, RUNNING, SYN } from "./chains.ts";
import { datagramEntrance, datagramInput, fixedDatagramChains } from "./datagram_rules.ts";
import { toNetwork } from "./door_network_rules.ts";
import { byFamily, DIALECTS } from "./dialect.ts";
import type { KernelFeatures } from "./kernel_features.ts";
import { claimChains, familyChains } from "./family_chains.ts";
import { serviceChains } from "./service_rules.ts";
import { sessionChains } from "./session_rules.ts";

/** The chains that do not change with the windows. */
export function fixedChains(
  policy: Policy,
  { earlyDemux, cgroups, notesIpv6 }: KernelFeatures,
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

/** Of the wider scope alone. Before connection tracking: what a banned address sends costs no entry there. */
function banishChain(): Chain {
  return hooked("banish", "type filter hook prerouting priority raw; policy accept;", [
    `${OUTSIDE} ${SYN} fib daddr type local ${byFamily("jump", "banned")}`,
  ]);
}

function hooked(name: string, hook: string, rules: readonly string[]): Chain {
  return { name, hook, rules };
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

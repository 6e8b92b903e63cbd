import type { Service } from "../policy.ts";
import { type Chain, COMPLETING, SYN } from "./chains.ts";
import { byFamily } from "./dialect.ts";
import { doorChain } from "./matches.ts";
import { hideChain, judgeChain, refuseChain } from "./window_rules.ts";

/** What is asked beyond whether a port is a service's. */
export interface Questions {
  /** Whether the first address at a door has it for itself. */
  readonly isClaimed: boolean;
}

/**
 * What leads to a service, and what comes to its own port.
 *
 * @param own holds for a packet of a connection that is there
 */
export function serviceChains(
  service: Service,
  own: string,
  { isClaimed }: Questions,
): Chain[] {
  const { port } = service;
  return [
    {
      name: doorChain(service),
      hook: null,
      // To a port alone keeps the address; a redirect would send it to the first one of the interface.
      rules: [
        ...(isClaimed ? [byFamily("jump", "claim")] : []),
        byFamily("jump", "coming"),
        `meta l4proto tcp dnat to :${port}`,
      ],
    },
    {
      name: `in${port}`,
      hook: null,
      rules: [
        `${SYN} goto syn${port}`,
        `${COMPLETING} ${byFamily("jump", "came")}`,
        // Now and then is enough to know a session for as long as it goes on.
        `ct status dnat ct direction original numgen random mod 128 0 ${byFamily("goto", "keep")}`,
      ],
    },
    {
      name: `syn${port}`,
      hook: null,
      rules: [
        byFamily("jump", "banned"),
        byFamily("jump", "strange"),
        `ct status dnat ct status confirmed goto ${judgeChain(service)}`,
        `ct status dnat ${byFamily("goto", "note")}`,
        `goto ${hideChain(service)}`,
      ],
    },
    {
      name: `last${port}`,
      hook: null,
      rules: [
        // Those were judged before.
        `${SYN} accept`,
        // A session. One from before the start has no redirect, and connection tracking may know it as new.
        `${own} accept`,
        // The end of a handshake that was begun before a ban, with a cookie or without, begins a session after it.
        byFamily("jump", "refused"),
        byFamily("jump", "unwelcome"),
        "ct status dnat ct status confirmed accept",
        // What the kernel no longer knows is taken up only where there is a session: with SYN cookies a bare ACK
        // would open a connection.
        `goto ${refuseChain(service)}`,
      ],
    },
  ];
}

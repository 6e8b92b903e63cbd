import type { Family } from "../../os/address.ts";
import { tcpServices, udpServices } from "../access.ts";
import type { Policy, Service } from "../policy.ts";
import { ESTABLISHED, from, OUTSIDE, REDIRECTED, shutOut, SYN, UDP } from "./conditions.ts";
import { always, type Chain, type Match, type Rule } from "./rules.ts";
import { pendingSet } from "./sets.ts";

/**
 * How a closed port of this machine meets a packet that belongs to no connection: what has no business at
 * a hidden port is met alike.
 */
export type ClosedPortReply = "reset" | "silence";

/** Tells a packet of a connection that is there. */
export type OwnSocket = Extract<Match, { is: "with a socket" | "with a connection" }>;
/** Where the kernel cannot tell better: a listener on one address alone is taken for a connection. */
export const LOOKED_UP: OwnSocket = { is: "with a socket" };

/** Before any rule of another tool can accept. What is not denied here is for the others to judge. */
export function denials(
  family: Family,
  policy: Policy,
  reply: ClosedPortReply,
  own: OwnSocket,
): Rule[] {
  const tarpit: Match = { is: "to port", ports: [policy.tarpitPort] };
  const services: Match = { is: "to port", ports: tcpServices(policy).map(({ port }) => port) };
  return [
    {
      when: [
        tarpit,
        { is: "acknowledging" },
        ESTABLISHED,
        REDIRECTED,
        from(pendingSet(family)),
      ],
      then: { do: "jump", chain: "C3PO-CONFIRM" },
    },
    { when: [tarpit], then: { do: "return" } },
    // Each packet that asks: also where a port is not hidden, and where a connection that was never
    // completed is tried again after the ban.
    ...shutOut(family, policy).map((when): Rule => ({
      when: [services, SYN, ...when],
      then: { do: "drop" },
    })),
    { when: [SYN, REDIRECTED], then: { do: "return" } },
    { when: [SYN], then: { do: "goto", chain: "C3PO-HIDE" } },
    // What answers no SYN of ours: the cookie of one that was answered before a ban, or a probe.
    { when: [own], then: { do: "return" } },
    ...shutOut(family, policy).map((when): Rule => ({ when, then: { do: "drop" } })),
    // The end of a handshake; one whose beginning the kernel has forgotten is none.
    { when: [REDIRECTED, ESTABLISHED], then: { do: "return" } },
    ...handshakes(own),
    ...(reply === "silence" ? [always({ do: "jump", chain: "C3PO-STRAY" })] : []),
  ];
}

/**
 * The end of a handshake at a port of the minute that is the service's own: nothing was redirected, and there
 * is no connection yet that could be found. A cookie alone does not do, since its SYN was not answered there.
 */
function handshakes(own: OwnSocket): Rule[] {
  return own.is === LOOKED_UP.is
    ? []
    : [{ when: [ESTABLISHED, LOOKED_UP], then: { do: "return" } }];
}

/** What is left to the rules of others once nothing is denied, and how closed ports are met. */
export function input({ tarpitPort }: Policy, reply: ClosedPortReply, own: OwnSocket): Rule[] {
  const tarpit: Match = { is: "to port", ports: [tarpitPort] };
  return [
    // Whatever a guest sends. The tarpit is C3PO's own; sshd is for the rules of others to open.
    { when: [tarpit, REDIRECTED], then: { do: "accept" } },
    { when: [tarpit], then: { do: reply === "reset" ? "refuse" : "drop" } },
    { when: [SYN], then: { do: "return" } },
    { when: [own], then: { do: "return" } },
    { when: [REDIRECTED, ESTABLISHED], then: { do: "return" } },
    ...handshakes(own),
    ...(reply === "reset" ? [always({ do: "jump", chain: "C3PO-STRAY" })] : []),
  ];
}

/** The administrator's own choice: whatever no rule about sources has denied may come in. */
export function opened(policy: Policy): Chain[] {
  const to = (services: readonly Service[]): Match => ({
    is: "to port",
    ports: services.map(({ port }) => port),
  });
  const datagrams = udpServices(policy);
  const chain = (name: string, when: readonly Match[]): Chain => ({
    table: "filter",
    name,
    hook: { chain: "INPUT", place: "before the denial", when: [OUTSIDE, ...when, REDIRECTED] },
    rules: [always({ do: "accept" })],
  });
  return [
    chain("C3PO-LET", [to(tcpServices(policy))]),
    ...(datagrams.length > 0 ? [chain("C3PO-UDP-LET", [UDP, to(datagrams)])] : []),
  ];
}

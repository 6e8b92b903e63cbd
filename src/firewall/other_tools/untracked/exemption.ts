import type { Obstacle } from "../../firewall.ts";
import type { PortRanges } from "../forwards/port_ranges.ts";

/** What a rule does to the connections it matches. */
export type Exempting = "notrack" | "synproxy" | "accept";

const EFFECTS: Readonly<Record<Exempting, string>> = {
  notrack: "exempts connections from tracking",
  synproxy: "answers connections before they are tracked",
  accept: "ends nat before C3PO's rules",
};

const LIMIT = "remove it, or limit it to the ports of other services";
const REMEDIES: Readonly<Record<Exempting, string>> = {
  notrack: LIMIT,
  synproxy: LIMIT,
  accept: "use c3po serve --firewall nftables, or remove it",
};

/** A rule that may be in C3PO's way. */
export interface Exemption {
  readonly kind: Exempting;
  /** The rule, as its own tool shows it. */
  readonly rule: string;
  /** `IPv4 raw PREROUTING`. */
  readonly chain: string;
  /** The command that removes it. */
  readonly removal: string;
  /** Whether it applies to packets of every source, interface and port. */
  readonly isTotal: boolean;
}

/** The same as something that keeps doors from leading to their services. */
export function obstacleOf({ kind, rule, chain, removal, isTotal }: Exemption): Obstacle {
  const consequence = isTotal
    ? "so none of C3PO's ports can lead to sshd"
    : "so C3PO's ports do not work for those it matches";
  return {
    what: `"${rule}" of ${chain} ${EFFECTS[kind]}, ${consequence}`,
    remedy: `${REMEDIES[kind]}: ${removal}`,
    ...isTotal ? { isTotal } : {},
  };
}

/** What a rule says of the ports of a packet; null where it says nothing. */
export interface PortLimits {
  readonly destination: PortRanges | null;
  readonly source: PortRanges | null;
}

/** The first port that any program may use. */
const FIRST_FREE = 1024;

/**
 * Whether a rule with these limits meets packets of C3PO's connections. Those come in at a port of the
 * minute, before it is rewritten, and the answers go out from the port of the service itself.
 *
 * @param direction of the packets that the rule's chain sees; null if that is not known
 * @param guarded where services and the tarpit listen
 */
export function concerns(
  { destination, source }: PortLimits,
  direction: "in" | "out" | null,
  guarded: readonly number[],
): boolean {
  const isAboutAnswers = direction === "out" || (direction === null && source !== null);
  if (isAboutAnswers) return source === null || holdsAny(source, guarded);
  // A single port is that of a service, which C3PO never opens.
  return destination === null ||
    destination.some(([low, high]) => high > low && high >= FIRST_FREE);
}

function holdsAny(ranges: PortRanges, ports: readonly number[]): boolean {
  return ports.some((port) => ranges.some(([low, high]) => port >= low && port <= high));
}

import type { Obstacle } from "../../firewall.ts";
import { otherPorts, type PortRanges, rangesOf } from "../forwards/port_ranges.ts";
import { concerns, type Exempting, obstacleOf } from "./exemption.ts";

/** Whose rules are read, and what they may be in the way of. */
export interface Surroundings {
  /** The iptables that printed them, such as `ip6tables-nft`. */
  readonly program: string;
  /** The same for a person: `IPv6`. */
  readonly where: string;
  /** Where services behind doors and the tarpit listen. */
  readonly ports: readonly number[];
}

/** Reads the text of `iptables-save`. */
export function iptablesExemptions(
  saved: string,
  { program, where, ports }: Surroundings,
): Obstacle[] {
  const found: Obstacle[] = [];
  let table = "";
  for (const line of saved.split("\n")) {
    if (line.startsWith("*")) table = line.slice(1).trim();
    const [, chain, rule] = /^-A (\S+) (.*)$/.exec(line) ?? [];
    if (chain === undefined || chain.startsWith("C3PO-") || chain === "FORWARD") continue;
    const kind = kindOf(rule!);
    if (kind === null || !isForTcp(rule!) || /(?<!! )-[io] lo\b/.test(rule!)) continue;
    const limits = {
      destination: portsIn(rule!, "d", "destination"),
      source: portsIn(rule!, "s", "source"),
    };
    const direction = chain === "PREROUTING" || chain === "INPUT"
      ? "in"
      : chain === "OUTPUT"
      ? "out"
      : null;
    if (!concerns(limits, direction, ports)) continue;
    found.push(obstacleOf({
      kind,
      rule: rule!,
      chain: `${where} ${table} ${chain}`,
      removal: `${program} -t ${table} -D ${chain} ${rule}`,
      // One that hangs in a chain of its own may be reached by some packets only.
      isTotal: direction !== null && isUnlimited(rule!),
    }));
  }
  return found;
}

function kindOf(rule: string): Exempting | null {
  if (/ ?-j SYNPROXY\b/.test(rule)) return "synproxy";
  return / ?-j (?:NOTRACK\b|CT\b.* --notrack\b)/.test(rule) ? "notrack" : null;
}

function isForTcp(rule: string): boolean {
  const [, not, protocol] = /(?:^|\s)(! )?-p (\S+)/.exec(rule) ?? [];
  return protocol === undefined ||
    ["tcp", "6", "all"].includes(protocol) === (not === undefined);
}

function portsIn(rule: string, letter: string, word: string): PortRanges | null {
  const option = new RegExp(`(! )?--(?:${letter}ports?|${word}-ports?) ([\\d,:]+)`);
  const [, not, list] = option.exec(rule) ?? [];
  if (list === undefined) return null;
  const ranges = rangesOf(
    list.split(",").map((span) => {
      const [low, high] = span.split(":").map(Number);
      return [low!, high ?? low!] as const;
    }),
  );
  return not === undefined ? ranges : otherPorts(ranges);
}

/** What may stand in a rule that every connection meets. */
const USUAL = /^(?:tcp|multiport|conntrack|state|comment)$/;

function isUnlimited(rule: string): boolean {
  const conditions = rule.replace(/ ?-j .*$/, "");
  if (/(?:^|\s)(?:-[sdio]|--match-set) /.test(conditions.replace(/! -[io] lo\b/, ""))) return false;
  return [...conditions.matchAll(/-m (\S+)/g)].every(([, match]) => USUAL.test(match!));
}

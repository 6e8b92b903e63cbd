import type { Obstacle } from "../../firewall.ts";
import { otherPorts, type PortRanges, rangesOf } from "../forwards/port_ranges.ts";
import { concerns, type Exempting, obstacleOf, type PortLimits } from "./exemption.ts";
import { type Jump, reachOf } from "./reach.ts";

/** Whose rules are read, and what they may be in the way of. */
export interface Surroundings {
  /** The iptables that printed them, such as `ip6tables-nft`. */
  readonly program: string;
  /** The same for a person: `IPv6`. */
  readonly where: string;
  /** Where services behind doors and the tarpit listen. */
  readonly ports: readonly number[];
}

/** A rule, and where it is. */
interface Placed {
  readonly table: string;
  readonly chain: string;
  readonly rule: string;
}

/** What the kernel calls, in whatever table. */
const HOOKS = { PREROUTING: "in", INPUT: "in", OUTPUT: "out" } as const;

/** Reads the text of `iptables-save`. */
export function iptablesExemptions(
  saved: string,
  { program, where, ports }: Surroundings,
): Obstacle[] {
  const placed = rulesIn(saved);
  const tables = [...new Set(placed.map(({ table }) => table))];
  const roots = tables.flatMap((table) =>
    Object.entries(HOOKS).map(([chain, direction]) => [`${table} ${chain}`, direction] as const)
  );
  const reach = reachOf(
    roots,
    placed.filter(({ rule }) => isUnlimited(rule)).flatMap((each) => jumpOf(each, ports)),
  );
  return placed.flatMap(({ table, chain, rule }): Obstacle[] => {
    const kind = kindOf(rule);
    if (kind === null || chain === "FORWARD" || !isOurMatter(rule)) return [];
    // One in a chain of its own may be reached by some packets only.
    const directions = [...reach.get(`${table} ${chain}`) ?? [null]];
    const concerned = directions.filter((each) => concerns(limitsOf(rule), each, ports));
    if (concerned.length === 0) return [];
    return [obstacleOf({
      kind,
      rule,
      chain: `${where} ${table} ${chain}`,
      removal: `${program} -t ${table} -D ${chain} ${rule}`,
      isTotal: concerned[0] !== null && isUnlimited(rule),
    })];
  });
}

/** All rules but C3PO's own. */
export function rulesIn(saved: string): Placed[] {
  const placed: Placed[] = [];
  let table = "";
  for (const line of saved.split("\n")) {
    if (line.startsWith("*")) table = line.slice(1).trim();
    const [, chain, rule] = /^-A (\S+) (.*)$/.exec(line) ?? [];
    if (chain === undefined || chain.startsWith("C3PO-")) continue;
    placed.push({ table, chain, rule: rule! });
  }
  return placed;
}

/** Targets begin with a capital as chains may: what is no chain has no rules, and leads nowhere. */
export function jumpOf({ table, chain, rule }: Placed, ports: readonly number[]): Jump[] {
  const [, to] = /(?:^| )-[jg] (\S+)/.exec(rule) ?? [];
  if (to === undefined || !isOurMatter(rule)) return [];
  return [{
    from: `${table} ${chain}`,
    to: `${table} ${to}`,
    takes: (direction) => concerns(limitsOf(rule), direction, ports),
  }];
}

/** Whether a rule can match connections of C3PO's, which are none of UDP or of loopback. */
export function isOurMatter(rule: string): boolean {
  return isForTcp(rule) && !/(?<!! )-[io] lo\b/.test(rule);
}

export function limitsOf(rule: string): PortLimits {
  return {
    destination: portsIn(rule, "d", "destination"),
    source: portsIn(rule, "s", "source"),
  };
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

/** Whether a rule is for every source and interface. */
export function isUnlimited(rule: string): boolean {
  const conditions = rule.replace(/ ?-[jg] .*$/, "");
  if (/(?:^|\s)(?:-[sdio]|--match-set) /.test(conditions.replace(/! -[io] lo\b/, ""))) return false;
  return [...conditions.matchAll(/-m (\S+)/g)].every(([, match]) => USUAL.test(match!));
}

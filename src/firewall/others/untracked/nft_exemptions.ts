import type { Obstacle } from "../../firewall.ts";
import {
  type Expression,
  isOurs,
  type JsonRule,
  type JsonRuleset,
  placeOf,
} from "../forwards/nft_json.ts";
import { ALL_PORTS, otherPorts, type PortRanges, rangesOf } from "../forwards/port_ranges.ts";
import { isIptables } from "../input/nft_input.ts";
import { concerns, type Exempting, obstacleOf } from "./exemption.ts";

/** Reads native rules; those that iptables keeps in nftables are iptables' to read. */
export function nftExemptions(
  { rules, chains }: JsonRuleset,
  ports: readonly number[],
): Obstacle[] {
  const hooks = new Map(chains.map((chain) => [placeOf(chain, chain.name), chain.hook]));
  return rules.flatMap((rule): Obstacle[] => {
    const kind = kindOf(rule);
    if (kind === null || isOurs(rule) || isIptables(rule)) return [];
    const hook = hooks.get(placeOf(rule, rule.chain));
    if (hook === "forward") return [];
    const limits = limitsOf(rule);
    if (limits === "another matter") return [];
    const direction = hook === "prerouting" || hook === "input"
      ? "in"
      : hook === "output"
      ? "out"
      : null;
    if (!concerns(limits, direction, ports)) return [];
    const place = placeOf(rule, rule.chain);
    return [obstacleOf({
      kind,
      rule: kind,
      chain: place,
      removal: `nft delete rule ${place} handle ${rule.handle}`,
      isTotal: direction !== null && limits.isUnlimited,
    })];
  });
}

function kindOf(rule: JsonRule): Exempting | null {
  const has = (kind: string): boolean =>
    rule.expr.some((expression) => typeof expression === "object" && kind in expression // what nft cannot express as JSON is text
    );
  return has("synproxy") ? "synproxy" : has("notrack") ? "notrack" : null;
}

interface Limits {
  readonly destination: PortRanges | null;
  readonly source: PortRanges | null;
  readonly isUnlimited: boolean;
}

/** @returns that the rule is about another protocol, or about loopback, if so */
function limitsOf(rule: JsonRule): Limits | "another matter" {
  let destination: PortRanges | null = null;
  let source: PortRanges | null = null;
  let isUnlimited = true;
  for (const expression of rule.expr) {
    if (typeof expression !== "object" || !("match" in expression)) continue;
    const { op, left, right } = expression.match;
    const values = valuesOf(right);
    const isNot = op === "!=";
    if (["iif", "iifname", "oif", "oifname"].includes(left?.meta?.key)) {
      if (values.includes("lo")) {
        if (!isNot) return "another matter";
      } else isUnlimited = false;
    } else if (left?.meta?.key === "l4proto" || left?.payload?.field === "protocol") {
      if (values.some((each) => each === "tcp" || each === 6) === isNot) return "another matter";
    } else if (left?.payload?.protocol === "udp" || left?.payload?.protocol === "icmp") {
      return "another matter";
    } else if (left?.payload?.field === "dport") destination = spans(values, isNot);
    else if (left?.payload?.field === "sport") source = spans(values, isNot);
    else if (left?.ct === undefined && !isAboutFlags(left)) isUnlimited = false;
  }
  return { destination, source, isUnlimited };
}

function isAboutFlags(left: Expression): boolean {
  return (left?.["&"]?.[0] ?? left)?.payload?.field === "flags";
}

function valuesOf(right: Expression): Expression[] {
  return Array.isArray(right) ? right : right?.set ?? [right];
}

function spans(values: readonly Expression[], isNot: boolean): PortRanges {
  const ranges = values.map((value): readonly [number, number] | null => {
    const [low, high] = value?.range ?? [value, value];
    return typeof low === "number" && typeof high === "number" ? [low, high] : null;
  });
  if (ranges.some((range) => range === null)) return ALL_PORTS; // a set with a name may hold any port
  const listed = rangesOf(ranges.filter((range) => range !== null));
  return isNot ? otherPorts(listed) : listed;
}

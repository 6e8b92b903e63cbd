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
import { type Direction, type Jump, reachOf } from "./reach.ts";

/** The hooks that see C3PO's connections, and not only what passes through. */
const HOOKS = new Map<string | undefined, Direction>([
  ["prerouting", "in"],
  ["input", "in"],
  ["output", "out"],
]);

/** Reads native rules; those that iptables keeps in nftables are iptables' to read. */
export function nftExemptions(
  { rules, chains }: JsonRuleset,
  ports: readonly number[],
): Obstacle[] {
  const native = rules.filter((rule) => !isOurs(rule) && !isIptables(rule));
  const roots = chains.flatMap((chain): (readonly [string, Direction])[] => {
    const direction = HOOKS.get(chain.hook);
    return direction === undefined ? [] : [[placeOf(chain, chain.name), direction]];
  });
  const reach = reachOf(roots, native.flatMap((rule) => jumpsOf(rule, ports)));
  const passing = new Set(
    chains.filter(({ hook }) => hook === "forward").map((chain) => placeOf(chain, chain.name)),
  );
  return native.flatMap((rule): Obstacle[] => {
    const kind = kindOf(rule);
    const place = placeOf(rule, rule.chain);
    if (kind === null || passing.has(place)) return [];
    const limits = limitsOf(rule.expr);
    if (limits === "another matter") return [];
    const directions = [...reach.get(place) ?? [null]];
    const concerned = directions.filter((each) => concerns(limits, each, ports));
    if (concerned.length === 0) return [];
    return [obstacleOf({
      kind,
      rule: kind,
      chain: place,
      removal: `nft delete rule ${place} handle ${rule.handle}`,
      isTotal: concerned[0] !== null && limits.isUnlimited,
    })];
  });
}

/** The jumps of a rule that are for every source and interface; a map of verdicts has several. */
function jumpsOf(rule: JsonRule, ports: readonly number[]): Jump[] {
  return rule.expr.flatMap((expression, at): Jump[] => {
    if (typeof expression !== "object") return [];
    const before = rule.expr.slice(0, at);
    const { key, data } = expression.vmap ?? {};
    const cases: (readonly [Expression[], Expression])[] = Array.isArray(data?.set)
      ? data.set.map(([value, verdict]: [Expression, Expression]) => [
        [...before, { match: { op: "==", left: key, right: value } }],
        verdict,
      ])
      : [[before, expression]];
    return cases.flatMap(([conditions, verdict]): Jump[] => {
      const target = (verdict?.jump ?? verdict?.goto)?.target;
      const limits = limitsOf(conditions);
      if (target === undefined || limits === "another matter" || !limits.isUnlimited) return [];
      return [{
        from: placeOf(rule, rule.chain),
        to: placeOf(rule, target),
        takes: (direction) => concerns(limits, direction, ports),
      }];
    });
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
function limitsOf(conditions: readonly Expression[]): Limits | "another matter" {
  let destination: PortRanges | null = null;
  let source: PortRanges | null = null;
  let isUnlimited = true;
  for (const expression of conditions) {
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

import { type Expression, isOurs, type JsonRule, type JsonRuleset, placeOf } from "./nft_json.ts";
import { ALL_PORTS, commonPorts, otherPorts, type PortRanges, rangesOf } from "./port_ranges.ts";
import type { Chains, Step } from "./walk.ts";

/** Elements of sets and maps with a name, by their place. */
export type Elements = ReadonlyMap<string, readonly Expression[]>;

/** What rules of nftables mean for TCP packets from outside. */
export function nftSteps({ rules, chains }: JsonRuleset, elements: Elements): Chains {
  const steps = new Map<string, Step[]>();
  for (const rule of rules) {
    if (isOurs(rule)) continue;
    const place = placeOf(rule, rule.chain);
    steps.set(place, [...steps.get(place) ?? [], ...stepsOf(rule, elements)]);
  }
  const roots = chains.filter((chain) => chain.hook === "prerouting" && !isOurs(chain))
    .map((chain) => placeOf(chain, chain.name));
  return { steps, roots };
}

/** Names of the sets and maps that decide where a port goes. */
export function namesIn(rule: JsonRule): string[] {
  return [...JSON.stringify(rule.expr).matchAll(/"@([^"]+)"/g)].map(([, name]) => name!);
}

function stepsOf(rule: JsonRule, elements: Elements): Step[] {
  const listed = (value: Expression): readonly Expression[] =>
    typeof value === "string" && value.startsWith("@")
      ? elements.get(placeOf(rule, value.slice(1))) ?? []
      : value?.set ?? [value];
  const named = (target: string): Step["then"] => ({ chain: placeOf(rule, target) });
  const steps: Step[] = [];
  let ports = ALL_PORTS;
  for (const expression of rule.expr) {
    const [kind, body] = Object.entries<Expression>(expression)[0]!;
    if (kind === "match") {
      const limit = limitOf(body, listed);
      if (limit === "not tcp") return steps;
      ports = commonPorts(ports, limit);
    } else if (kind === "vmap") {
      const at = portColumn(body.key);
      for (const [key, verdict] of listed(body.data)) {
        const target = (verdict.jump ?? verdict.goto)?.target;
        if (target === undefined || !isTcp(body.key, key)) continue;
        steps.push({
          ports: commonPorts(ports, at === null ? ALL_PORTS : spans([column(key, at)])),
          then: named(target),
        });
      }
    } else if (kind === "jump" || kind === "goto") steps.push({ ports, then: named(body.target) });
    else if (FORWARDING.has(kind)) {
      steps.push({ ports: commonPorts(ports, mapped(body, listed)), then: "forward" });
    }
  }
  return steps;
}

const FORWARDING = new Set(["dnat", "redirect", "tproxy"]);
type Lister = (value: Expression) => readonly Expression[];

function limitOf({ op, left, right }: Expression, listed: Lister): PortRanges | "not tcp" {
  if (left.payload?.protocol === "udp" || left.payload?.protocol === "icmp") return "not tcp";
  if (left.meta?.key === "l4proto" || left.payload?.field === "protocol") {
    const hasTcp = listed(right).some((each) => each === "tcp" || each === 6);
    return hasTcp === (op !== "!=") ? ALL_PORTS : "not tcp";
  }
  const at = portColumn(left);
  if (at === null) return ALL_PORTS;
  const all = listed(right).map(unwrapped).filter((key) => isTcp(left, key)).map((key) =>
    column(key, at)
  );
  return op === "!=" ? otherPorts(spans(all)) : op === "==" || op === "in" ? spans(all) : ALL_PORTS;
}

/** Where in a key the port of a packet stands; null if it does not. */
function portColumn(key: Expression): number | null {
  const parts: Expression[] = key?.concat ?? [key];
  const at = parts.findIndex((part) => part?.payload?.field === "dport");
  return at < 0 ? null : at;
}

/** Whether a key with a protocol in it is about TCP. */
function isTcp(left: Expression, key: Expression): boolean {
  const at = (left?.concat ?? []).findIndex((part: Expression) => part?.meta?.key === "l4proto");
  return at < 0 || ["tcp", 6].includes(column(unwrapped(key), at));
}

function column(key: Expression, at: number): Expression {
  return unwrapped(key)?.concat?.[at] ?? key;
}

/** An element may have a timeout, a counter or a comment around it. */
function unwrapped(key: Expression): Expression {
  return key?.elem?.val ?? key;
}

/** The keys of a map from ports, in the statement that redirects by it. */
function mapped(body: Expression, listed: Lister): PortRanges {
  for (const value of [body?.addr, body?.port]) {
    const at = portColumn(value?.map?.key);
    if (at !== null && value?.map !== undefined) {
      return spans(listed(value.map.data).map(([key]) => column(key, at)));
    }
  }
  return ALL_PORTS;
}

function spans(values: readonly Expression[]): PortRanges {
  return rangesOf(
    values.map(unwrapped).flatMap((value) => {
      if (typeof value === "number") return [[value, value] as const];
      if (value?.range !== undefined) {
        return [[Number(value.range[0]), Number(value.range[1])] as const];
      }
      if (value?.set !== undefined) return spans(value.set);
      return ALL_PORTS; // what is not understood may be any port
    }),
  );
}

import {
  type Expression,
  isOurs,
  type JsonChain,
  type JsonRule,
  type JsonRuleset,
  placeOf,
} from "../forwards/nft_json.ts";
import type { Holds, InputChain, InputRule, Packet } from "./verdict.ts";

/** An input chain of another tool. */
export interface ForeignInput {
  readonly place: JsonChain;
  readonly chain: InputChain;
  /** Handles of its rules, in their order. */
  readonly handles: readonly number[];
}

/** All of them that see a packet, and those that they jump to. */
export function nftInputs(
  { rules, chains }: JsonRuleset,
  packet: Packet,
): { inputs: ForeignInput[]; chains: ReadonlyMap<string, readonly InputRule[]> } {
  const byPlace = new Map<string, JsonRule[]>();
  for (const rule of rules) {
    const place = placeOf(rule, rule.chain);
    byPlace.set(place, [...byPlace.get(place) ?? [], rule]);
  }
  const read = new Map(
    [...byPlace].map(([place, all]) => [place, all.flatMap((rule) => inputRules(rule, packet))]),
  );
  const families = ["inet", packet.family === 4 ? "ip" : "ip6"];
  const bases = chains.filter((chain) =>
    chain.hook === "input" && families.includes(chain.family) && !isOurs(chain) &&
    !isIptables(chain)
  );
  const inputs = bases.map((place) => {
    const own = byPlace.get(placeOf(place, place.name)) ?? [];
    const each = own.map((rule) => inputRules(rule, packet));
    return {
      place,
      chain: {
        rules: each.flat(),
        policy: place.policy === "drop" ? "deny" as const : "accept" as const,
      },
      // A rule with a map stands for several.
      handles: own.flatMap(({ handle }, at) => each[at]!.map(() => handle)),
    };
  });
  return { inputs, chains: read };
}

/** The tables that iptables keeps in nftables; what is in them is iptables' to read and to change. */
export function isIptables({ family, table }: { family: string; table: string }): boolean {
  return family !== "inet" && /^(raw|mangle|nat|filter|security)$/.test(table) &&
    (family === "ip" || family === "ip6");
}

function inputRules(rule: JsonRule, packet: Packet): InputRule[] {
  const conditions: Holds[] = [];
  let isAboutPorts = false;
  const done = (then: InputRule["then"]): InputRule => ({
    conditions: [...conditions],
    isAboutPorts,
    then,
  });
  const target = (name: string): InputRule["then"] => ({ chain: placeOf(rule, name) });
  for (const expression of rule.expr) {
    const [kind, body] = Object.entries<Expression>(expression)[0]!;
    if (kind === "match") {
      isAboutPorts ||= body.left.payload?.field === "dport";
      conditions.push(holds(body, packet));
    } else if (kind === "limit") conditions.push("now and then");
    else if (kind === "accept" || kind === "return") return [done(kind)];
    else if (kind === "drop" || kind === "reject") return [done("deny")];
    else if (kind === "jump" || kind === "goto") return [done(target(body.target))];
    else if (kind === "vmap") return verdicts(body, packet).map((verdict) => mapped(verdict));
    else if (!HARMLESS.has(kind)) conditions.push("some");
  }
  return [done("next")];

  function mapped({ verdict, when }: { verdict: Expression; when: Holds }): InputRule {
    conditions.push(when);
    const name = (verdict.jump ?? verdict.goto)?.target;
    const then = name !== undefined
      ? target(name)
      : "accept" in verdict
      ? "accept"
      : "drop" in verdict
      ? "deny"
      : "next";
    const entry = done(then);
    conditions.pop();
    return entry;
  }
}

const HARMLESS = new Set(["counter", "log", "mangle", "notrack", "set", "meter"]);

/** What such a packet has; null for what differs from one to the next. */
function valueOf(left: Expression, { family, port }: Packet): string | number | null {
  const { payload, meta, ct } = left ?? {};
  if (payload?.field === "dport") {
    return payload.protocol === "udp" ? "not a port of TCP" : port;
  }
  if (payload?.protocol === "icmp" || payload?.protocol === "icmpv6") return "no ICMP";
  if (meta?.key === "l4proto" || payload?.field === "protocol" || payload?.field === "nexthdr") {
    return "tcp";
  }
  if (meta?.key === "nfproto") return `ipv${family}`;
  if (meta?.key === "protocol") return family === 4 ? "ip" : "ip6";
  if (meta?.key === "pkttype") return "host";
  if (ct?.key === "state") return "new";
  if (ct?.key === "status") return "dnat";
  if (ct?.key === "direction") return "original";
  return null;
}

function holds({ op, left, right }: Expression, packet: Packet): Holds {
  const isNot = op === "!=";
  if (["iifname", "iif"].includes(left?.meta?.key)) {
    const isLoopback = values(right).includes("lo");
    return isLoopback ? (isNot ? "yes" : "no") : isNot ? "yes" : "place";
  }
  if (left?.fib !== undefined) return values(right).includes("local") !== isNot ? "yes" : "no";
  const whole = left?.["&"]?.[0] ?? left;
  if (whole?.payload?.field === "flags") {
    return values(right).flat().includes("syn") !== isNot ? "yes" : "no";
  }
  const version = whole?.payload?.protocol === "ip"
    ? 4
    : whole?.payload?.protocol === "ip6"
    ? 6
    : null;
  if (version !== null && version !== packet.family) return "no";
  const value = valueOf(whole, packet);
  if (value === null) return "some";
  return values(right).some((each) => isOrHolds(each, value)) !== isNot ? "yes" : "no";
}

function verdicts(
  { key, data }: Expression,
  packet: Packet,
): { verdict: Expression; when: Holds }[] {
  const entries: [Expression, Expression][] = data?.set ?? [];
  const isInterface = ["iifname", "iif"].includes(key?.meta?.key);
  const value = valueOf(key, packet);
  return entries.map(([each, verdict]) => ({
    verdict,
    when: isInterface
      ? (each === "lo" ? "no" : "place")
      : value === null
      ? "some"
      : values(each).some((one) => isOrHolds(one, value))
      ? "yes"
      : "no",
  }));
}

function values(right: Expression): Expression[] {
  return Array.isArray(right) ? right : right?.set ?? [right];
}

function isOrHolds(each: Expression, value: string | number): boolean {
  if (each?.range !== undefined) return value >= each.range[0] && value <= each.range[1];
  return (each?.elem?.val ?? each) === value || (each === 6 && value === "tcp");
}

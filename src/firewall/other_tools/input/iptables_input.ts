import type { Holds, InputChain, InputRule, Packet } from "./verdict.ts";

/** What comes in, as `iptables-save` tells it. */
export interface IptablesInput {
  readonly chain: InputChain;
  readonly chains: ReadonlyMap<string, readonly InputRule[]>;
}

/** Reads the filter table from the text of `iptables-save`; null if there is none. */
export function iptablesInput(saved: string, packet: Packet): IptablesInput | null {
  const [, table] = /^\*filter\n(.*?)^COMMIT/ms.exec(saved) ?? [];
  const [, policy] = /^:INPUT (\w+)/m.exec(table ?? "") ?? [];
  if (policy === undefined) return null;
  const chains = new Map<string, InputRule[]>();
  for (const [, chain, rule] of table!.matchAll(/^-A (\S+) (.*)$/gm)) {
    chains.set(chain!, [...chains.get(chain!) ?? [], ruleOf(rule!, packet)]);
  }
  const rules = chains.get("INPUT") ?? [];
  return { chain: { rules, policy: policy === "ACCEPT" ? "accept" : "deny" }, chains };
}

function ruleOf(text: string, packet: Packet): InputRule {
  const [, target] = / ?-[jg] (\S+)/.exec(text) ?? [];
  const conditions = text.replace(/ ?-[jg] \S+.*$/, "").replace(
    /-m comment --comment ("[^"]*"|\S+)/,
    "",
  );
  return {
    conditions: conditionsOf(conditions, packet),
    isAboutPorts: /--dports? /.test(conditions),
    then: TARGETS[target ?? ""] ??
      (/^(LOG|NFLOG|MARK|CONNMARK|ULOG|TRACE)$/.test(target ?? "")
        ? "next"
        : target === undefined
        ? "next"
        : { chain: target }),
  };
}

const TARGETS: Readonly<Record<string, InputRule["then"]>> = {
  ACCEPT: "accept",
  DROP: "deny",
  REJECT: "deny",
  RETURN: "return",
};

/** Options that begin a condition, with how many words it has, and when it holds. */
function conditionsOf(text: string, { port }: Packet): Holds[] {
  const words = text.split(" ").filter((word) => word !== "");
  const holds: Holds[] = [];
  let isNot = false;
  const say = (truth: boolean): void => void holds.push(truth !== isNot ? "yes" : "no");
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word === "!") {
      isNot = true;
      continue;
    }
    const value = words[at + 1] ?? "";
    if (word === "-m") {
      at++;
      if (value === "limit" || value === "hashlimit" || value === "recent") {
        holds.push("now and then");
      } else if (!HARMLESS.has(value)) holds.push("some");
    } else if (word === "-p") {
      say(at++ >= 0 && (value === "tcp" || value === "6" || value === "all"));
    } else if (word === "-i") {
      at++;
      if (value === "lo") say(false);
      else holds.push(isNot ? "yes" : "place");
    } else if (word === "--dport" || word === "--dports") say(at++ >= 0 && hasPort(value, port));
    else if (word === "--ctstate" || word === "--state") {
      at++;
      say(value.split(",").some((state) => state === "NEW" || state === "DNAT"));
    } else if (word === "--dst-type") say(at++ >= 0 && value === "LOCAL");
    else if (word === "-s" || word === "--match-set" || word === "--sport") holds.push("some");
    isNot = false;
  }
  return holds;
}

const HARMLESS = new Set(["tcp", "multiport", "conntrack", "state", "addrtype", "comment", "set"]);

function hasPort(list: string, port: number): boolean {
  return list.split(",").some((span) => {
    const [low, high] = span.split(":").map(Number);
    return port >= low! && port <= (high ?? low!);
  });
}

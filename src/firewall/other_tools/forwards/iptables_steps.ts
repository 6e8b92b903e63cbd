import { ALL_PORTS, commonPorts, otherPorts, type PortRanges, rangesOf } from "./port_ranges.ts";
import type { Chains, Step } from "./walk.ts";

const FORWARDING = /^(DNAT|REDIRECT|TPROXY)$/;
/** Targets after which the next rule is asked, or nothing is: no chain of that name. */
const OURS = /^C3PO-/;

/**
 * What the text of `iptables-save` means for TCP packets from outside. Conditions that are not about
 * ports may hold for any packet.
 */
export function iptablesSteps(saved: string, where: string): Chains {
  const steps = new Map<string, Step[]>();
  const roots: string[] = [];
  let table = "";
  for (const line of saved.split("\n")) {
    if (line.startsWith("*")) table = line.slice(1);
    const [, chain, rest] = /^-A (\S+) (.*)$/.exec(line) ?? [];
    if (chain === undefined || OURS.test(chain)) continue;
    const name = (called: string): string => `${where} ${table} ${called}`;
    if (chain === "PREROUTING" && !roots.includes(name(chain))) roots.push(name(chain));
    const step = stepOf(rest!, name);
    if (step !== null) steps.set(name(chain), [...steps.get(name(chain)) ?? [], step]);
  }
  return { steps, roots };
}

function stepOf(rule: string, name: (chain: string) => string): Step | null {
  const [, not, protocol] = /(?:^|\s)(! )?-p (\S+)/.exec(rule) ?? [];
  if (protocol !== undefined && (protocol === "tcp" || protocol === "6") === (not !== undefined)) {
    return null;
  }
  const [, target] = / ?-[jg] (\S+)/.exec(rule) ?? [];
  if (target === undefined || OURS.test(target)) return null;
  const ports = [...rule.matchAll(/(! )?--(?:dports?|destination-ports?) ([\d,:]+)/g)]
    .map(([, inverse, list]) => inverse === undefined ? listed(list!) : otherPorts(listed(list!)))
    .reduce(commonPorts, ALL_PORTS);
  if (FORWARDING.test(target)) return { ports, then: "forward" };
  return /^[A-Z]+$/.test(target) && BUILT_IN.has(target)
    ? null
    : { ports, then: { chain: name(target) } };
}

const BUILT_IN = new Set([
  "ACCEPT",
  "DROP",
  "RETURN",
  "REJECT",
  "LOG",
  "MARK",
  "CONNMARK",
  "NFLOG",
]);

function listed(list: string): PortRanges {
  return rangesOf(
    list.split(",").map((span) => {
      const [low, high] = span.split(":").map(Number);
      return [low!, high ?? low!] as const;
    }),
  );
}

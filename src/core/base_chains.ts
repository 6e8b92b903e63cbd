/** A chain of nftables that the kernel itself calls. */
export interface BaseChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook: string;
  readonly policy: string;
}

/** The tables that iptables itself keeps in nftables. */
const IPTABLES = /^(raw|mangle|nat|filter|security)$/;

/**
 * Chains of nftables' own, not of iptables, through which what comes to this machine passes and which
 * drop what no rule of theirs accepts.
 *
 * @param text what `nft list chains` prints
 */
export function denyingChains(text: string): BaseChain[] {
  const chains: BaseChain[] = [];
  let [family, table, name] = ["", "", ""];
  for (const line of text.split("\n")) {
    const [, ...place] = /^table (\w+) (\S+) \{/.exec(line) ?? [];
    if (place.length === 2) [family, table] = place as [string, string];
    name = /^\s+chain (\S+) \{/.exec(line)?.[1] ?? name;
    const [, hook, policy] = /type \w+ hook (\w+) .*policy (\w+);/.exec(line) ?? [];
    if (hook === undefined || policy !== "drop") continue;
    const isIptables = (family === "ip" || family === "ip6") && IPTABLES.test(table);
    if (isIptables || !["input", "prerouting"].includes(hook)) continue;
    chains.push({ family, table, name, hook, policy });
  }
  return chains;
}

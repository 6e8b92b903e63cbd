import { FAMILIES } from "../../core/address.ts";
import type { Finding } from "../../core/finding.ts";
import { rulesText } from "../../core/firewall/iptables.ts";
import { createSets } from "../../core/firewall/ipset.ts";
import { firewallPlan } from "../../core/firewall/plan.ts";
import type { Chain, Rule } from "../../core/firewall/rules.ts";
import { TARPIT_PORT } from "../../core/tarpit.ts";
import { hasIptables } from "../../host/iptables.ts";
import { hasIpv6 } from "../../host/procfs.ts";
import { runTool, tryTool } from "../../host/tool.ts";
import { ToolFailure } from "../../host/tool_failure.ts";
import type { Checkup } from "./checkup.ts";

const MODULES =
  "install the kernel's modules for ip_set and netfilter (in a container: on the host)";

/**
 * Has the kernel load the sets, and the rules as far as they need no set, in a network namespace that
 * exists for that moment only. Nothing else tells whether it can.
 */
export async function kernelFindings({ config }: Checkup): Promise<Finding[]> {
  if (!await hasNamespaces()) {
    const found = "not tried: this machine lets nobody make a network namespace";
    return [{ grade: "warn", what: "kernel", found, todo: "serve itself will tell" }];
  }
  const here = await hasIpv6() && await hasIptables(6);
  const families = here ? FAMILIES : FAMILIES.slice(0, 1);
  const plan = firewallPlan({ ...config, families, tarpitPort: TARPIT_PORT });
  try {
    await rehearse(["ipset", "restore"], createSets(plan.sets));
    for (const [family, chains] of plan.chains) {
      const tool = family === 4 ? "iptables-restore" : "ip6tables-restore";
      await rehearse([tool, "--noflush"], rulesText(chains.map(withoutSets)));
    }
  } catch (error) {
    if (!(error instanceof ToolFailure)) throw error;
    return [{ grade: "fail", what: "kernel", found: error.message, todo: MODULES }];
  }
  return [{ grade: "ok", what: "kernel", found: "takes the sets and the rules" }];
}

async function hasNamespaces(): Promise<boolean> {
  try {
    return (await tryTool("unshare", ["--net", "--", "true"])).code === 0;
  } catch (error) {
    if (error instanceof ToolFailure) return false;
    throw error;
  }
}

async function rehearse(command: readonly string[], stdin: string): Promise<void> {
  await runTool("unshare", ["--net", "--", ...command], { stdin });
}

/** Each command has a namespace of its own, so no rule can know of a set. */
function withoutSets(chain: Chain): Chain {
  const rules = chain.rules.filter(({ then }) => then.do !== "add").map((rule): Rule => ({
    ...rule,
    when: rule.when.filter((match) => match.is !== "in" && match.is !== "not in"),
  }));
  return { ...chain, rules };
}

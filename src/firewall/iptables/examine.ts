import { FAMILIES, type Family } from "../../os/address.ts";
import { C3poError } from "../../os/errors.ts";
import { runTool, tryTool } from "../../os/tool.ts";
import { ToolFailure } from "../../os/tool_failure.ts";
import type { EngineReport, Limitation } from "../firewall.ts";
import type { Policy } from "../policy.ts";
import { findIpset } from "./ipset.ts";
import { createSets } from "./ipset_text.ts";
import { backendHere, findIptables, hasIptables, readRules } from "./iptables.ts";
import { policyChains } from "./policy_chains.ts";
import { restoreText } from "./restore_text.ts";
import type { Chain, Rule } from "./rules.ts";
import { allSets } from "./sets.ts";
import { windowChains } from "./window_chains.ts";

const MODULES = "install the kernel's netfilter modules (in a container: on the host), " +
  "or use another engine: c3po serve --firewall nftables";

/** Rules of every kind, for ports of no importance. */
const REHEARSED: Policy = {
  services: [{ name: "ssh", port: 22, hidden: true, fail: "open" }],
  tarpitPort: 9,
  trigger: "syn",
  scope: "all",
  banSeconds: 1,
  openFirewall: true,
  shares: true,
};
const WINDOW = { minute: 0, from: 0, until: 60, doors: [], traps: [] };

/** What happens in a namespace of its own need not wait for another tool that changes rules outside. */
const NO_LOCK = { XTABLES_LOCKFILE: "/dev/null" };

/**
 * Makes sure that the tools are there, that they can read what is loaded, and that the kernel takes
 * C3PO's rules and sets.
 *
 * @throws {Failure} naming what is missing
 */
export async function examine(): Promise<EngineReport> {
  await findIpset();
  await findIptables(4);
  await readRules(4);
  const limitations: Limitation[] = [];
  const families = [4, ...await servesIpv6(limitations) ? [6] : []] as Family[];
  if (!await rehearse(families)) {
    limitations.push({
      what: "no network namespaces to test the rules in; they are first tested when loaded",
      remedy: "start serve with --try the first time",
    });
  }
  const [, iptables = "?"] = /v([\d.]+)/.exec(await runTool("iptables", ["--version"])) ?? [];
  const [, ipset = "?"] = /v([\d.]+)/.exec(await runTool("ipset", ["version"])) ?? [];
  return {
    versions: `iptables ${iptables} (${await backendHere()}), ipset ${ipset}`,
    families,
    limitations,
  };
}

/** Also where no interface has an IPv6 address yet: it may get one later. */
async function servesIpv6(limitations: Limitation[]): Promise<boolean> {
  if (!await hasIptables(6)) {
    limitations.push({
      what: "ip6tables is not installed: sshd stays reachable over IPv6",
      remedy: "install it, or set ListenAddress 0.0.0.0 in sshd_config",
    });
    return false;
  }
  try {
    await readRules(6);
    return true;
  } catch (error) {
    if (!(error instanceof ToolFailure) || error.code === null) throw error;
    limitations.push({
      what: "the kernel cannot filter IPv6, so only IPv4 is served",
      remedy: "load the kernel's module ip6_tables, or disable IPv6",
    });
    return false;
  }
}

/**
 * Has the kernel load everything in a network namespace that exists for that moment only. Nothing else
 * tells whether it can.
 *
 * @returns false where there are no network namespaces
 */
async function rehearse(families: readonly Family[]): Promise<boolean> {
  try {
    if ((await tryTool("unshare", ["--net", "--", "true"])).code !== 0) return false;
  } catch (error) {
    if (error instanceof C3poError) return false;
    throw error;
  }
  try {
    await runTool("unshare", ["--net", "--", "ipset", "restore"], {
      stdin: createSets(allSets(FAMILIES)),
    });
    for (const family of families) {
      const chains = [
        ...policyChains(family, REHEARSED, "reset"),
        ...windowChains(family, REHEARSED, [WINDOW], "reset"),
      ].map(withoutSets);
      const tool = family === 4 ? "iptables-restore" : "ip6tables-restore";
      await runTool("unshare", ["--net", "--", tool, "--noflush"], {
        stdin: restoreText(chains, new Map()),
        env: NO_LOCK,
      });
    }
  } catch (error) {
    if (!(error instanceof ToolFailure) || error.code === null) throw error;
    throw new ToolFailure(
      error.tool,
      error.code,
      `the kernel refuses C3PO's rules: ${error.message}`,
      MODULES,
    );
  }
  return true;
}

/** Each command has a namespace of its own, so no rule can know of a set. */
function withoutSets(chain: Chain): Chain {
  const rules = chain.rules.filter(({ then }) => then.do !== "add" && then.do !== "remove").map(
    (rule): Rule => ({
      ...rule,
      when: rule.when.filter((match) => match.is !== "in" && match.is !== "not in"),
    }),
  );
  return { ...chain, rules };
}

import { FAMILIES } from "../../core/address.ts";
import { denyingChains } from "../../core/base_chains.ts";
import type { Finding } from "../../core/finding.ts";
import { backendHere, BACKENDS, hasIptables, saveRules } from "../../host/iptables.ts";
import { tryTool } from "../../host/tool.ts";
import { ToolFailure } from "../../host/tool_failure.ts";
import type { Checkup } from "./checkup.ts";

/** Names that other tools give to their chains. */
const KNOWN: readonly [string, RegExp][] = [
  ["ufw", /^:ufw-/m],
  ["Docker", /^:DOCKER/m],
  ["firewalld", /^(:(INPUT_ZONES|IN_public)|table inet firewalld )/m],
  ["fail2ban", /^:f2b-/m],
  ["Kubernetes", /^:KUBE-/m],
];

/** Other firewalls on this machine. */
export async function neighbourFindings({ config }: Checkup): Promise<Finding[]> {
  const what = "firewall";
  const here = await backendHere();
  const findings: Finding[] = [];
  const saved = (await Promise.all(
    FAMILIES.map(async (family) => await hasIptables(family) ? await saveRules(family) : ""),
  )).join("");
  const chains = await nftChains();
  const names = KNOWN.filter(([, sign]) => sign.test(saved) || sign.test(chains))
    .map(([name]) => name);
  findings.push({
    grade: "ok",
    what,
    found: names.length === 0 ? "no other that is known" : `${names.join(", ")}: left as they are`,
  });
  for (const backend of BACKENDS) {
    if (backend === here || !await hasForeignRules(backend)) continue;
    findings.push({
      grade: "warn",
      what,
      found: `there are rules in iptables-${backend} too, which iptables here does not show`,
      todo: `see whether they let SSH in: iptables-${backend}-save`,
    });
  }
  for (const { family, table, name } of denyingChains(chains)) {
    findings.push({
      grade: "warn",
      what,
      found: `nftables drops what ${family} ${table} ${name} does not accept`,
      todo: `it must accept TCP port ${config.sshPort}, and the tarpit's for traps to answer`,
    });
  }
  return findings;
}

async function hasForeignRules(backend: "nft" | "legacy"): Promise<boolean> {
  try {
    const saved = await saveRules(4, backend);
    return saved.split("\n").some((line) =>
      line.startsWith("-A ") && !line.includes("C3PO-") || / DROP \[/.test(line)
    );
  } catch (error) {
    if (error instanceof ToolFailure) return false;
    throw error;
  }
}

async function nftChains(): Promise<string> {
  try {
    return (await tryTool("nft", ["list", "chains"])).stdout;
  } catch (error) {
    if (error instanceof ToolFailure) return "";
    throw error;
  }
}
